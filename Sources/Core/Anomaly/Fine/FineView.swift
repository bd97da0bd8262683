internal import Glibc

// T tokens (patches) of the view, D feature width of a stage.

/// A closer look at what is inspected. Its aspect ratio is kept: nothing in it is squashed, as it is in the square input.
package struct FineView: Codable, Sendable, Equatable {
    /// What of the picture it shows.
    package let region: PartRegion
    /// Its tokens: a transformer sees 14 x 14 pixels of each, a convolutional network 16 x 16, so that their maps coincide.
    package let grid: PatchGrid
    /// What is compared of each token. A map of twice as many rows and columns gives a token four vectors, one after the other.
    package let stages: [FeatureStage]
    /// Whether a transformer leaves out tokens in ignored polygons, see ``FeatureRequest/patches``: other features than with them, so
    /// a model goes on as it was fitted. Nil = no, of models without polygons and of those that were fitted before there was such a thing.
    package var leavesOutIgnored: Bool?

    package init(region: PartRegion, grid: PatchGrid, stages: [FeatureStage], leavesOutIgnored: Bool? = nil) {
        self.region = region
        self.grid = grid
        self.stages = stages
        self.leavesOutIgnored = leavesOutIgnored
    }

    /// - Parameters:
    ///   - area: about so many pixels of a transformer's input.
    ///   - hasIgnored: whether there are polygons inside of which nothing counts.
    init(region: PartRegion, area: Int, stages: [FeatureStage], hasIgnored: Bool) {
        self.init(
            region: region, grid: region.grid(area: area), stages: stages, leavesOutIgnored: hasIgnored ? true : nil)
    }

    package var layers: [Int] { Set(stages.map(\.layer)).sorted() }

    /// One token's share of the picture.
    var patchShare: Double {
        region.extent.height * region.extent.width
            / Double(region.picture.height * region.picture.width * grid.count)
    }

    /// The longest sides of a token in a network's input, in pixels.
    private static let tokenSide = 16

    /// The shorter side that a whole picture must be decoded to, for the view to be resampled from no fewer pixels than it has.
    var pictureSide: Int {
        let scale = max(
            Double(Self.tokenSide * grid.rows) / region.extent.height,
            Double(Self.tokenSide * grid.columns) / region.extent.width)
        return Int((Double(min(region.picture.height, region.picture.width)) * scale).rounded(.up))
    }

    /// What no fit writes; nil when there is nothing. The bounds keep sums and products far from overflow.
    var problem: String? {
        guard (1...1024).contains(grid.rows), (1...1024).contains(grid.columns) else { return "\(grid)" }
        guard !stages.isEmpty, stages.count <= 64, stages.allSatisfy({ (1...(1 << 16)).contains($0.layer) }) else {
            return "\(stages.count) stages"
        }
        let sides = 1...(1 << 16)
        guard sides.contains(region.picture.height), sides.contains(region.picture.width) else {
            return "a picture of \(region.picture)"
        }
        return nil
    }
}

extension FineFeatures {
    /// Whether they are of a view: its layers, with maps of its grid.
    func isOf(_ view: FineView) -> Bool {
        view.layers.allSatisfy { layer in
            guard let grid = layers[layer]?.grid else { return false }
            return grid == view.grid || grid == view.grid.doubled
        }
    }
}

/// What memories of a fine view compare of one picture.
package struct FinePatches: Sendable, Equatable {
    package let grid: PatchGrid
    /// For each of the view's stages `[T, D]`, rows of norm 1.
    package let stages: [Matrix]
    /// The tokens that count.
    package let mask: PatchMask
    package let placement: ViewPlacement

    package init(grid: PatchGrid, stages: [Matrix], mask: PatchMask, placement: ViewPlacement) {
        precondition(
            stages.allSatisfy { $0.rows == grid.count }, "fine patches: \(stages.map(\.rows)) rows for \(grid)")
        self.grid = grid
        self.stages = stages
        self.mask = mask
        self.placement = placement
    }

    /// - Precondition: the features are of the view.
    init(_ features: FineFeatures, _ view: FineView, _ area: InspectionArea, frame: PixelSize) {
        let stages = view.stages.map { stage in
            guard let map = features.layers[stage.layer] else {
                preconditionFailure("fine patches: no layer \(stage.layer) in \(features.layers.keys)")
            }
            let gathered = map.grid == view.grid ? map : map.quartersJoined
            var tokens = (stage.localAveraging ? gathered.locallyAveraged() : gathered).tokens
            tokens.normalizeRows()
            return tokens
        }
        self.init(
            grid: view.grid, stages: stages,
            mask: PatchMask(area, frame: frame, grid: view.grid, placement: features.placement),
            placement: features.placement)
    }

    /// Where fewer count.
    func counting(_ patches: [Int]) -> FinePatches {
        FinePatches(grid: grid, stages: stages, mask: mask.narrowed(to: patches), placement: placement)
    }

    /// Of a picture that is itself a view of another one: where they lie in that.
    func inside(_ outer: ViewPlacement) -> FinePatches {
        FinePatches(grid: grid, stages: stages, mask: mask, placement: placement.through(outer))
    }

    /// One stage as a memory takes it.
    func features(of stage: Int) -> PatchFeatures { PatchFeatures(grid: grid, rows: stages[stage]) }

    var byteCount: Int { stages.reduce(0) { $0 + $1.values.count } * MemoryLayout<Float>.stride }
}

extension PartRegion {
    /// Whether it follows the part.
    var isPosed: Bool { if case .pose = shape { true } else { false } }
}

extension PatchGrid {
    fileprivate var doubled: PatchGrid { PatchGrid(rows: 2 * rows, columns: 2 * columns) }

    /// The middle of a patch, in shares of the width and height.
    func centre(of patch: Int) -> (x: Double, y: Double) {
        ((Double(patch % columns) + 0.5) / Double(columns), (Double(patch / columns) + 0.5) / Double(rows))
    }
}

extension PatchMask {
    /// Tokens of a fine view of the region of interest whose centre does not lie in an ignored polygon.
    init(_ area: InspectionArea, frame: PixelSize, grid: PatchGrid, placement: ViewPlacement) {
        guard !area.ignore.isEmpty else {
            self.init(all: grid)
            return
        }
        let roi = area.rectangle(in: frame)
        let kept = (0..<grid.count).filter { token in
            let centre = grid.centre(of: token)
            let place = placement.inPicture(x: centre.x, y: centre.y)
            return !area.ignores(
                x: Double(roi.x) + place.x * Double(roi.width), y: Double(roi.y) + place.y * Double(roi.height))
        }
        self.init(kept, of: grid)
    }
}

extension FeatureMap {
    /// The four vectors of each 2 x 2 patches one after the other, row by row: half as many rows and columns of patches.
    fileprivate var quartersJoined: FeatureMap {
        let coarse = PatchGrid(rows: grid.rows / 2, columns: grid.columns / 2)
        var values: [Float] = []
        values.reserveCapacity(tokens.values.count)
        for row in 0..<coarse.rows {
            for column in 0..<coarse.columns {
                for (down, across) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    values += tokens.row((2 * row + down) * grid.columns + 2 * column + across)
                }
            }
        }
        return FeatureMap(
            grid: coarse, tokens: Matrix(rows: coarse.count, columns: 4 * tokens.columns, values: values))
    }
}
