internal import Glibc

// N patches, D width of all layers together.

/// Several views of a picture, each compared with a memory of its own, made comparable and put together: what `auto` fits.
///
/// Which layer shows a defect depends on the defect and the product: a speck in a weave is lost in the mean over a neighbourhood,
/// a dent is nothing but that. No choice from a few good parts is safe; so every component says by how much a patch is more
/// unusual than the shots are to one another, and the largest ones decide.
public struct CombinedScorer: Scorer {
    /// One view.
    package struct Component: Sendable {
        package let stage: FeatureStage
        /// Of the joined features, the stage's.
        package let columns: Range<Int>
        package let memory: PatchMemory
        /// The image score of a typical good part by this component alone, in its distance.
        package let unit: Float
    }

    package let components: [Component]
    package let texture: TextureStatistics?
    public let featureWidth: Int
    /// What the fit decided, and why.
    public let choice: FitChoice

    /// How much more the largest components count: the exponent of the power mean. 1 is the mean, infinity the maximum.
    static let exponent: Float = 4

    public func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        var sums = [Float](repeating: 0, count: features.grid.count)
        for component in components {
            let view = component.view(of: features)
            let distances = component.memory.score(view, counting: mask, parallelism).values
            for (patch, distance) in distances.enumerated() {
                let squared = (distance / component.unit) * (distance / component.unit)
                sums[patch] += squared * squared
            }
        }
        let count = Float(components.count)
        let values = sums.map { ($0 / count).squareRoot().squareRoot() }
        let local = MethodSettings.Aggregation.topPercent.score(of: mask.patches.map { values[$0] })
        let whole = texture?.score(of: features, counting: mask) ?? 0
        return ScoreMap(grid: features.grid, values: values, imageScore: max(local, whole))
    }
}

extension CombinedScorer.Component {
    func view(of features: PatchFeatures) -> PatchFeatures {
        features.columns(columns, localAveraging: stage.localAveraging)
    }
}
