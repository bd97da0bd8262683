internal import Glibc

/// Where a region lies in one picture: how shares of the one become shares of the other, and what of the picture it shows.
package struct PartPlacement: Sendable, Equatable {
    /// The size of the picture that the other numbers refer to; see ``PartRegion``.
    let picture: PixelSize
    /// What the region turns about, `(x, y)`: the centre of a box, the centroid of a part.
    let origin: SIMD2<Double>
    /// The direction of the region's rows, of length 1.
    let along: SIMD2<Double>
    /// From the origin, along the region's rows and columns.
    let extent: PartExtent
    /// Whether it follows the part: around it is background. Else the picture goes on beyond its border.
    let isPosed: Bool

    /// The region turned anticlockwise in the picture's plane: what it shows is the shot as though the part lay turned so.
    package func turned(byDegrees degrees: Double) -> PartPlacement {
        let (sine, cosine) = Image.sineAndCosine(ofDegrees: degrees)
        return PartPlacement(
            picture: picture, origin: origin, along: cosine * along + sine * along.across, extent: extent,
            isPosed: isPosed)
    }

    // MARK: Places

    /// The other way round, and whether a place is shown: ``ViewPlacement``, which is made of this.
    ///
    /// - Parameters:
    ///   - x: a share of the region's width; `y` of its height.
    /// - Returns: shares of the picture's width and height.
    package func inPicture(x: Double, y: Double) -> (x: Double, y: Double) {
        let place = place(extent.left + x * extent.width, extent.top + y * extent.height)
        return (place.x / Double(picture.width), place.y / Double(picture.height))
    }

    private func place(_ distance: Double, _ offset: Double) -> SIMD2<Double> {
        origin + distance * along + offset * along.across
    }

    // MARK: Pictures

    /// What the region shows of the picture that it was found in.
    ///
    /// Upright and inside of the picture it is a plain resize. Turned, it is sampled at the picture's own fineness first; what a box
    /// lacks then is the picture in a mirror. Around a part is the colour of the picture's border.
    ///
    /// - Parameter image: the picture, at any reduction.
    package func cut(_ image: Image, height: Int, width: Int) -> Image {
        let scale = SIMD2(
            Double(image.width) / Double(picture.width), Double(image.height) / Double(picture.height))
        if isPosed { return posedCut(image, height, width, scale) }
        let (left, top) = ((origin.x + extent.left) * scale.x, (origin.y + extent.top) * scale.y)
        let columns = max(left, 0)..<min(left + extent.width * scale.x, Double(image.width))
        let rows = max(top, 0)..<min(top + extent.height * scale.y, Double(image.height))
        guard along != [1, 0] else {
            return image.resized(
                height: height, width: width, rows: rows, columns: columns, interpolation: .antialiasedBicubic)
        }
        // The picture turned about the origin, as far as the resize reaches.
        let reach = (
            across: max((columns.upperBound - columns.lowerBound) / Double(width), 1) * 2 + 1,
            down: max((rows.upperBound - rows.lowerBound) / Double(height), 1) * 2 + 1
        )
        let corner = SIMD2(columns.lowerBound - reach.across, rows.lowerBound - reach.down).rounded(.down)
        let end = SIMD2(columns.upperBound + reach.across, rows.upperBound + reach.down).rounded(.up)
        let pivot = origin * scale
        let piece = SampledPiece(
            corner: pivot + (corner.x - pivot.x) * along + (corner.y - pivot.y) * along.across, right: along,
            down: along.across, height: Int(end.y - corner.y), width: Int(end.x - corner.x))
        return image.sampled(piece, beyond: .reflection).resized(
            height: height, width: width, rows: rows.lowerBound - corner.y..<rows.upperBound - corner.y,
            columns: columns.lowerBound - corner.x..<columns.upperBound - corner.x, interpolation: .antialiasedBicubic)
    }

    /// Twice as finely sampled where more than one and a half pixels become one.
    private func posedCut(_ image: Image, _ height: Int, _ width: Int, _ scale: SIMD2<Double>) -> Image {
        let steps = SIMD2(extent.width * scale.x / Double(width), extent.height * scale.y / Double(height))
        let fineness = steps.max() > 1.5 ? 2 : 1
        let piece = SampledPiece(
            corner: place(extent.left, extent.top) * scale, right: steps.x / Double(fineness) * along,
            down: steps.y / Double(fineness) * along.across, height: height * fineness, width: width * fineness)
        let sampled = image.sampled(piece, beyond: .colour(image.borderColour(depth: 4)))
        return sampled.resized(height: height, width: width, interpolation: .antialiasedBox)
    }
}
