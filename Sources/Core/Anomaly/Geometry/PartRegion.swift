/// What of each picture the fine view looks at: all of it, a fixed box, or a box that moves and turns with the part.
///
/// In pixels of pictures of one size, those that it was chosen from, whatever they were decoded at: of the region of interest if there
/// is one, else of the whole frame. A picture that was decoded at another reduction is of another size, by which everything is
/// scaled: at the far border, where a reduced picture's last pixel may show less than the others, that is off by less than one
/// pixel of the smaller picture.
package struct PartRegion: Sendable, Equatable {
    package enum Shape: Sendable, Equatable {
        case full(because: Whole)
        /// Upright, fixed.
        ///
        /// - share: of the picture's area.
        case box(PartExtent, share: Double)
        /// About the part's centroid, along its main axis.
        ///
        /// - elongation: of the least elongated shot. `share`: of the area that an upright box would need.
        case pose(PartExtent, elongation: Double, share: Double)
    }

    /// Why nothing is left out.
    package enum Whole: Sendable, Equatable {
        /// The operator said what is looked at (a region of interest, ignored polygons).
        case regionOfInterest
        /// One part shows neither where nor how turned the next one lies.
        case oneShot
        /// The pictures are not of one size.
        case otherSizes
        /// In so many shots no part can be told from the background.
        case noPart(shots: Int)
        /// A box around the part would leave out less than a fifth.
        case fillsPicture
    }

    /// The size of the pictures that ``shape`` refers to.
    package let picture: PixelSize
    package let shape: Shape

    package init(picture: PixelSize, shape: Shape) {
        self.picture = picture
        self.shape = shape
    }

    package static func full(_ picture: PixelSize, _ reason: Whole) -> PartRegion {
        PartRegion(picture: picture, shape: .full(because: reason))
    }

    package var isFull: Bool { if case .full = shape { true } else { false } }

    /// Whether both are of one kind, wherever they lie.
    package func isLike(_ other: PartRegion) -> Bool {
        switch (shape, other.shape) {
        case (.full, .full), (.box, .box), (.pose, .pose): true
        case (.full, _), (.box, _), (.pose, _): false
        }
    }

    /// The region in the picture, or, of a pose, along the part.
    package var extent: PartExtent {
        switch shape {
        case .full:
            PartExtent(left: 0, top: 0, right: Double(picture.width), bottom: Double(picture.height))
        case .box(let extent, _), .pose(let extent, _, _): extent
        }
    }

    /// Rows and columns of patches that keep the region's proportions, at about `area` pixels in patches of 14 x 14.
    ///
    /// A region that is longer than six times its width is squashed to that; there are at least 8 rows and 8 columns.
    package func grid(area: Int) -> PatchGrid {
        let aspect = min(max(extent.width / extent.height, 1 / 6), 6)
        func patches(_ area: Double) -> Int { max(8, Int((area.squareRoot() / 14).rounded(.toNearestOrEven))) }
        return PatchGrid(rows: patches(Double(area) / aspect), columns: patches(Double(area) * aspect))
    }

    /// Where the region lies in a picture: of a pose, where the part lies.
    ///
    /// - Returns: nil when it is a pose, and no part can be told from the background: the picture cannot be judged.
    package func placement(in image: Image) -> PartPlacement? {
        guard case .pose(let extent, _, _) = shape else {
            let centre = SIMD2(extent.left + extent.right, extent.top + extent.bottom) / 2
            let around = PartExtent(
                left: -extent.width / 2, top: -extent.height / 2, right: extent.width / 2, bottom: extent.height / 2)
            return PartPlacement(picture: picture, origin: centre, along: [1, 0], extent: around, isPosed: false)
        }
        guard let mask = PartMask(of: image, level: PartMask.poseLevel) else { return nil }
        let pose = PartPose(of: mask, height: picture.height, width: picture.width)
        return PartPlacement(picture: picture, origin: pose.centre, along: pose.along, extent: extent, isPosed: true)
    }
}
