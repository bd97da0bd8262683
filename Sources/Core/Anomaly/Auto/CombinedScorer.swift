internal import Glibc

// N patches, D width of all layers together.

/// Several views of a picture, each compared with a memory of its own, made comparable and put together: what `auto` fits.
///
/// Which layer shows a defect depends on the defect and the product: a speck in a weave is lost in the mean over a neighbourhood,
/// a dent is nothing but that. No choice from a few good parts is safe; so every component says by how much a patch is more
/// unusual than the shots are to one another, and the largest ones decide.
package struct CombinedScorer: Scorer {
    /// One view.
    package struct Component: Sendable {
        package let stage: FeatureStage
        /// Of the joined features, the stage's.
        package let columns: Range<Int>
        /// One that knows the shots (and their turned copies, when parts lie in any rotation); or one for each turn of the only
        /// shot, of which the most similar ones are asked.
        package let memories: [PatchMemory]
        /// The image score of a typical good part by this component alone, in its distance.
        package let unit: Float
    }

    package let components: [Component]
    package let exponent: PatchExponent
    /// Those of each fine view, or of each of two ways to look at it, as ``fusion`` has them; none of a model without.
    package let fine: [[Component]]
    /// How the views are put together; nil when there is only the coarse one.
    package let fusion: ViewFusion?
    package let texture: TextureStatistics?
    /// Nil when the shots do not say that each piece has its place.
    package let composition: Composition?
    /// Nil when the backbone does not read, or words do not tell this product's defects.
    let words: WordComparison?
    package let featureWidth: Int
    /// What the fit decided, and why.
    package let choice: FitChoice

    package var findings: [String] { choice.lines }

    /// The share of the patches whose mean is the picture's score.
    private static let topShare = 0.005
    /// Turns that are asked: a part that lies between two steps is like both.
    private static let turnsAsked = 2

    /// Patches are fused by a power mean, see ``PatchExponent``; with fine views as ``ViewFusion`` says.
    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        let whole = evidence(of: features, counting: mask)
        let views = views(of: features)
        guard let fusion, let first = features.fine.first else {
            return score(views, counting: mask, whole, parallelism)
        }
        return fusion.fused(
            coarse: coarseSquares(views, counting: mask, parallelism), counting: mask,
            fine: fineSquares(features, parallelism), first, whole)
    }

    /// What each component looks at. Scorers of the same components share it.
    func views(of features: PatchFeatures) -> [PatchFeatures] { components.map { $0.view(of: features) } }

    /// What the picture as a whole makes of its score.
    func evidence(of features: PatchFeatures, counting mask: PatchMask) -> PictureEvidence {
        var whole = composition?.evidence(of: features, counting: mask) ?? PictureEvidence()
        whole.factor = (texture?.factor(for: features, counting: mask) ?? 1) * (words?.factor(for: features) ?? 1)
        return whole
    }

    /// By the coarse view alone.
    ///
    /// - Parameters:
    ///   - views: see ``views(of:)``; `whole`: see ``evidence(of:counting:)``.
    func score(
        _ views: [PatchFeatures], counting mask: PatchMask, _ whole: PictureEvidence, _ parallelism: Parallelism
    ) -> ScoreMap {
        var values = coarseSquares(views, counting: mask, parallelism).values.map { $0.squareRoot() }
        let score = Self.top(mask.patches.map { values[$0] })
        whole.show(in: &values, patches: mask.patches, middle: views[0].grid.centre)
        return ScoreMap(grid: views[0].grid, values: values, imageScore: whole.score(score))
    }

    /// The mean of the highest values, at least one of them; 0 of none.
    static func top(_ values: [Float]) -> Float {
        guard !values.isEmpty else { return 0 }
        let top = values.sorted(by: >).prefix(max(1, Int((Double(values.count) * topShare).rounded())))
        return top.reduce(0, +) / Float(top.count)
    }

    /// One square a patch.
    func coarseSquares(
        _ views: [PatchFeatures], counting mask: PatchMask, _ parallelism: Parallelism
    ) -> ViewSquares {
        coarseSquares(
            of: distances(of: views, counting: mask, parallelism), units: components.map(\.unit), grid: views[0].grid)
    }

    /// - Parameters:
    ///   - distances: for each component one a patch; `units`: of each component.
    func coarseSquares(of distances: [[Float]], units: [Float], grid: PatchGrid) -> ViewSquares {
        var values = [Float](repeating: 0, count: grid.count)
        for patch in values.indices {
            values[patch] = exponent.square(
                ofMean: zip(units, distances).map { unit, distances in distances[patch] / unit })
        }
        return ViewSquares(grid: grid, values: values)
    }

    /// As ``fine``, one square a token: the mean of the stages', so that more of the largest one is kept than noise of the others
    /// adds.
    package func fineSquares(_ features: PatchFeatures, _ parallelism: Parallelism) -> [ViewSquares] {
        zip(fine, fusion?.fine ?? []).map { components, share in
            let patches = features.fine[share.view]
            let distances = components.enumerated().map { stage, component in
                component.memories[0].score(patches.features(of: stage), counting: patches.mask, parallelism).values
            }
            return Self.fineSquares(of: distances, units: components.map(\.unit), grid: patches.grid)
        }
    }

    /// - Parameters:
    ///   - distances: for each stage one a token; `units`: of each stage.
    static func fineSquares(of distances: [[Float]], units: [Float], grid: PatchGrid) -> ViewSquares {
        var values = [Float](repeating: 0, count: grid.count)
        for (unit, distances) in zip(units, distances) {
            for token in values.indices {
                let share = distances[token] / unit
                values[token] += share * share
            }
        }
        return ViewSquares(grid: grid, values: values.map { $0 / Float(units.count) })
    }

    /// The turns that the picture is most similar to.
    func turnsAsked(of views: [PatchFeatures], counting mask: PatchMask, _ parallelism: Parallelism) -> [Int] {
        Self.turnsAsked(distancesByTurn(of: views, counting: mask, parallelism))
    }

    private static func turnsAsked(_ byTurn: [[[Float]]]) -> [Int] {
        let turns = byTurn[0].indices
        guard turns.count > 1 else { return [0] }
        let unlikeness = turns.map { turn in
            byTurn.reduce(Float(0)) { $0 + logf(max($1[turn].reduce(0, +), .leastNormalMagnitude)) }
        }
        return Array(turns.sorted { (unlikeness[$0], $0) < (unlikeness[$1], $1) }.prefix(turnsAsked))
    }

    /// For each component and turn one distance a patch.
    private func distancesByTurn(
        of views: [PatchFeatures], counting mask: PatchMask, _ parallelism: Parallelism
    ) -> [[[Float]]] {
        zip(components, views).map { component, view in
            component.memories.map { $0.score(view, counting: mask, parallelism).values }
        }
    }

    /// For each component one distance a patch, to the nearest of the turns that the picture is most similar to.
    private func distances(
        of views: [PatchFeatures], counting mask: PatchMask, _ parallelism: Parallelism
    ) -> [[Float]] {
        let byTurn = distancesByTurn(of: views, counting: mask, parallelism)
        let asked = Self.turnsAsked(byTurn)
        return byTurn.map { turns in
            asked.dropFirst().reduce(turns[asked[0]]) { nearest, turn in zip(nearest, turns[turn]).map(min) }
        }
    }
}

extension CombinedScorer.Component {
    func view(of features: PatchFeatures) -> PatchFeatures {
        features.columns(columns, localAveraging: stage.localAveraging)
    }
}

/// Of the power mean by which the coarse view's components become one number a patch.
package enum PatchExponent: Int, Codable, Sendable {
    /// The largest component counts most: of models that do not say.
    case fourth = 4
    /// More of the largest one is kept than noise of the others adds, and what several find unusual adds up (docs/accuracy.md).
    case second = 2

    /// The power mean's square.
    package func square(ofMean shares: [Float]) -> Float {
        let count = Float(shares.count)
        let squares = shares.map { $0 * $0 }
        return switch self {
        case .second: squares.reduce(0, +) / count
        case .fourth: (squares.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
        }
    }
}
