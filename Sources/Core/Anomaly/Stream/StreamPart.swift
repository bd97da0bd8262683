/// A part that the line inspected, as much of it as a model can learn from: no picture, its features in 8 bits.
package struct StreamPart: Sendable, Equatable {
    /// What a fine view showed of it.
    struct View: Sendable, Equatable {
        let placement: ViewPlacement
        /// The view's stages as layers.
        let features: CompactFeatures
    }

    /// The verdict's number in the journal; of other parts of the same stream, others.
    package let number: UInt64
    /// That the part got, in the unit of the model that judged it.
    package let score: Float
    /// Of the square input.
    let features: CompactFeatures
    /// Of each fine view of the model.
    let fine: [View]
    /// Of the picture as a whole, `[C]`; nil where the model does not read.
    let embedding: [Float]?

    init(number: UInt64, score: Float, features: CompactFeatures, fine: [View], embedding: [Float]?) {
        self.number = number
        self.score = score
        self.features = features
        self.fine = fine
        self.embedding = embedding
    }

    package init(number: UInt64, score: Float, _ patches: PatchFeatures) {
        self.init(
            number: number, score: score, features: CompactFeatures(patches),
            fine: patches.fine.map { View(placement: $0.placement, features: CompactFeatures($0)) },
            embedding: patches.whole?.embedding)
    }
}

extension FittedModel {
    /// Whether parts of the line can teach it.
    package var canBeTaught: Bool { scorer is CombinedScorer }

    /// What is kept of a part for teaching; nil when the model cannot be taught, or would not judge such features, or did not find the
    /// part in the picture.
    ///
    /// - Parameters:
    ///   - number: of its verdict.
    ///   - score: that it got.
    package func streamPart(_ features: Features, number: UInt64, score: Float) -> StreamPart? {
        guard canBeTaught, accepts(features), showsPart(features), features.isFinite else { return nil }
        return StreamPart(number: number, score: score, patches(of: features))
    }

    /// Whether a kept part's features are such as the model judges.
    func accepts(_ part: StreamPart, _ scorer: CombinedScorer) -> Bool {
        guard part.features.grid == grid, part.features.layerWidths.reduce(0, +) == scorer.featureWidth,
            part.features.layerWidths.count == layers.count, part.fine.count == fineViews.count
        else { return false }
        let looks = zip(scorer.fusion?.fine.map(\.view) ?? [], scorer.fine)
        return looks.allSatisfy { view, components in
            let features = part.fine[view].features
            return features.grid == fineViews[view].grid
                && features.layerWidths == components.map { $0.memories[0].featureWidth }
        }
    }

    /// What its scorer compares of a kept part.
    func patches(of part: StreamPart) -> PatchFeatures {
        var patches = part.features.features(embedding: part.embedding)
        patches.fine = zip(part.fine, places(of: part)).map { view, place in
            FinePatches(
                grid: place.grid, stages: view.features.layerWidths.indices.map { view.features.rows(of: $0) },
                mask: place.mask, placement: place.placement)
        }
        return patches
    }

    /// Of each fine view of a kept part, which of its tokens count, and where they lie; without features.
    func places(of part: StreamPart) -> [FinePatches] {
        part.fine.map { view in
            let grid = view.features.grid
            let mask = PatchMask(
                settings.area, frame: frame ?? PixelSize(height: 1, width: 1), grid: grid, placement: view.placement)
            return FinePatches(grid: grid, stages: [], mask: mask, placement: view.placement)
        }
    }
}
