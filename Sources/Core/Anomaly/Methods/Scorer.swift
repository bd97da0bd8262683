/// What a method has learnt from the shots: turns patch features into scores. Higher is more anomalous.
package protocol Scorer: Sendable {
    /// The width D of the features that it was made of.
    var featureWidth: Int { get }

    /// - Parameters:
    ///   - features: `[N, D]`; rows of the whole grid, whatever counts.
    ///   - mask: the patches that count, at least one.
    /// - Returns: raw scores, in the method's own unit, at least 0; 0 where a patch does not count.
    func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap

    /// What a picture shows at a place, by the memory that finds it most unusual, and the remembered patch that is most like it.
    ///
    /// - Parameters:
    ///   - place: in shares of the inspected region's width and height.
    ///   - mask: as for ``score(_:counting:_:)``.
    /// - Returns: nil of a method that remembers no patches.
    func nearest(
        to features: PatchFeatures, at place: SIMD2<Double>, counting mask: PatchMask, _ parallelism: Parallelism
    ) -> NearestPatch?

    /// From the embedding of a picture, `[C]`, to the derivatives of the image score by it, `[C]`: for methods whose map says
    /// which pixels the score hangs on (CLIP-FSAC++, eq. 17). Nil for all others.
    var scoreGradient: FeatureExtractor.ScoreGradient? { get }

    /// What the fit chose or found out, a line each, for people; empty where there is nothing to tell.
    var findings: [String] { get }

    /// Whether training helped; nil of a method that trains nothing.
    var training: TrainingEvidence? { get }

    /// What `model.json` and `model.safetensors` keep of it.
    var stored: StoredScorer { get }
}

extension Scorer {
    package func nearest(
        to features: PatchFeatures, at place: SIMD2<Double>, counting mask: PatchMask, _ parallelism: Parallelism
    ) -> NearestPatch? { nil }

    package var scoreGradient: FeatureExtractor.ScoreGradient? { nil }
    package var findings: [String] { [] }
    package var training: TrainingEvidence? { nil }

    /// A raw score for each patch of the grid.
    package func scores(of features: PatchFeatures, _ parallelism: Parallelism = .serial) -> [Float] {
        score(features, counting: PatchMask(all: features.grid), parallelism).values
    }
}

/// A shot as scorers learn from it.
package struct ShotFeatures: Sendable {
    /// A picture's features, and which patches show what is inspected of the shot.
    package struct View: Sendable {
        package let features: PatchFeatures
        package let mask: PatchMask
        /// Where it lies in the shot.
        package let placement: ViewPlacement

        package init(features: PatchFeatures, mask: PatchMask, placement: ViewPlacement = .whole) {
            self.features = features
            self.mask = mask
            self.placement = placement
        }
    }

    package let own: View
    /// Of its turned copies.
    package let turned: [View]
    /// Of mild variants of it, as good as itself; made where there is no other shot.
    package let variants: [View]
    /// Of an only shot as it may lie and be lit: for each copy what the fine views show. To be remembered, where ``variants`` are to
    /// be judged.
    package var copies: [[FinePatches]] = []
    /// Of copies with a synthetic anomaly; made for methods that learn from them.
    package let anomalies: [AnomalousView]
    /// What is not here of what there is of the shot.
    var lacks: ShotPieces = []
    /// Its number among the shots of the model, whichever of them are learnt from.
    package var number = 0

    /// A picture with a synthetic anomaly.
    package struct AnomalousView: Sendable {
        let view: View
        /// `[N]`: how anomalous each patch is, 0...1.
        let labels: [Float]

        package init(view: View, labels: [Float]) {
            self.view = view
            self.labels = labels
        }
    }

    package init(own: View, turned: [View], variants: [View] = [], anomalies: [AnomalousView] = []) {
        self.own = own
        self.turned = turned
        self.variants = variants
        self.anomalies = anomalies
    }
}

/// The fit of one method: shots are added one after the other, then it makes a scorer of all of them, or of all but some.
package protocol ScorerFit {
    mutating func add(_ shot: ShotFeatures)

    /// Called once, after the last shot.
    ///
    /// - Parameters:
    ///   - shots: those that were added.
    ///   - progress: told the share that is done, 0...1, where it takes long.
    ///   - isCancelled: asked now and then where it takes long.
    /// - Throws: `cancelled`; `badSettings` when the method cannot be fitted to such shots.
    mutating func finish(
        _ shots: ShotSource, _ parallelism: Parallelism, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws(FitError)

    /// How often all shots are looked at between the last ``add(_:)`` and the end of ``pairScores(_:_:)``: themselves, and with
    /// their copies.
    var looks: (own: Int, copies: Int) { get }

    /// About what share of a fit's time ``finish(_:progress:isCancelled:)`` takes.
    var trainingShare: Double { get }

    /// - Parameter shots: those that the scorer must know nothing of, by their numbers.
    /// - Precondition: a shot is left.
    func scorer(leavingOut shots: Set<Int>, _ parallelism: Parallelism) -> any Scorer

    /// The raw score of a good part, where a single shot is enough to tell it.
    var typicalScore: Float? { get }

    /// The score of each shot by a scorer of each other one alone, where that is quick; nil where it is not. It shows which
    /// shots are of one part.
    ///
    /// - Parameter shots: those that were added, in that order.
    func pairScores(_ shots: ShotSource, _ parallelism: Parallelism) throws(FitError) -> [[Float]]?

    /// After the fit: the numbers of shots that are unlike all others in what no score against single shots shows.
    var oddShots: Set<Int> { get }
}

extension ScorerFit {
    package var typicalScore: Float? { nil }

    package var trainingShare: Double { 0 }

    package var oddShots: Set<Int> { [] }

    package var looks: (own: Int, copies: Int) { (0, 0) }

    package mutating func finish(
        _ shots: ShotSource, _ parallelism: Parallelism, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws(FitError) {}

    package func pairScores(
        _ shots: ShotSource, _ parallelism: Parallelism
    ) throws(FitError) -> [[Float]]? { nil }
}
