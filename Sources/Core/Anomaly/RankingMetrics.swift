/// How well scores separate two kinds of pictures.
///
/// Ties are treated as scikit-learn does: equal scores pass a threshold together.
package struct RankingMetrics: Sendable, Equatable {
    /// Area under the ROC curve: the chance that an anomalous one scores higher than a normal one, ties counting half.
    package let auroc: Double
    /// Average precision: precision at each threshold, weighted by the gain in recall (no interpolation).
    package let averagePrecision: Double
    /// The best harmonic mean of precision and recall that any threshold reaches.
    package let f1Max: Double
    /// The best balanced accuracy that any limit reaches, 0.5 to 1.
    package let bestBalancedAccuracy: Double

    /// - Precondition: neither is empty; scores are no NaN.
    /// - Complexity: O(n log n).
    package init(normal: [Float], anomalous: [Float]) {
        let curve = RankingCurve(normal: normal, anomalous: anomalous)
        // Twice the area in pairs of pictures: whole numbers, so that a perfect order is exactly 1.
        var pairs = 0
        var (precisionSum, bestF1, bestAccuracy) = (0.0, 0.0, 0.5)
        var (found, mistaken) = (0, 0)
        for point in curve.points {
            pairs += (point.falsePositives - mistaken) * (found + point.truePositives)
            precisionSum += Double(point.truePositives - found) * point.precision
            (found, mistaken) = (point.truePositives, point.falsePositives)
            bestF1 = max(bestF1, Double(2 * found) / Double(found + mistaken + anomalous.count))
            bestAccuracy = max(bestAccuracy, (curve.recall(at: point) + 1 - curve.falsePositiveRate(at: point)) / 2)
        }
        auroc = Double(pairs) / Double(2 * normal.count * anomalous.count)
        averagePrecision = precisionSum / Double(anomalous.count)
        f1Max = bestF1
        bestBalancedAccuracy = bestAccuracy
    }
}

/// What a limit does to scores: as on the line, a picture is OK only when its score is below.
package struct LimitMetrics: Sendable, Equatable {
    /// Share of normal pictures that do not lie below the limit.
    package let falseRejectRate: Double
    /// Share of anomalous pictures below the limit.
    package let escapeRate: Double

    /// The mean of the shares of each kind that are judged right.
    package var balancedAccuracy: Double { 1 - (falseRejectRate + escapeRate) / 2 }

    /// - Precondition: neither is empty.
    package init(normal: [Float], anomalous: [Float], limit: Float) {
        precondition(
            !normal.isEmpty && !anomalous.isEmpty, "metrics: \(normal.count) normal, \(anomalous.count) anomalous")
        falseRejectRate = Double(normal.count { $0.isReject(at: limit) }) / Double(normal.count)
        escapeRate = Double(anomalous.count { !$0.isReject(at: limit) }) / Double(anomalous.count)
    }
}
