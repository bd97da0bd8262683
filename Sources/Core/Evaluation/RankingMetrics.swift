/// How well scores separate two kinds of pictures.
///
/// Ties are treated as scikit-learn does: equal scores pass a threshold together.
public struct RankingMetrics: Sendable, Equatable {
    /// Area under the ROC curve: the chance that an anomalous one scores higher than a normal one, ties counting half.
    public let auroc: Double
    /// Average precision: precision at each threshold, weighted by the gain in recall (no interpolation).
    public let averagePrecision: Double
    /// The best harmonic mean of precision and recall that any threshold reaches.
    public let f1Max: Double

    /// - Precondition: neither is empty; scores are no NaN.
    /// - Complexity: O(n log n).
    public init(normal: [Float], anomalous: [Float]) {
        precondition(
            !normal.isEmpty && !anomalous.isEmpty, "metrics: \(normal.count) normal, \(anomalous.count) anomalous")
        let ranked = (normal.map { ($0, false) } + anomalous.map { ($0, true) }).sorted { $0.0 > $1.0 }
        var (truePositives, falsePositives) = (0.0, 0.0)
        var (area, precisionSum, best) = (0.0, 0.0, 0.0)
        var index = 0
        while index < ranked.count {
            let score = ranked[index].0
            var (positives, negatives) = (0.0, 0.0)
            while index < ranked.count, ranked[index].0 == score {
                if ranked[index].1 { positives += 1 } else { negatives += 1 }
                index += 1
            }
            area += negatives * (truePositives + positives / 2)
            truePositives += positives
            falsePositives += negatives
            precisionSum += positives * truePositives / (truePositives + falsePositives)
            best = max(best, 2 * truePositives / (truePositives + falsePositives + Double(anomalous.count)))
        }
        auroc = area / Double(normal.count * anomalous.count)
        averagePrecision = precisionSum / Double(anomalous.count)
        f1Max = best
    }
}
