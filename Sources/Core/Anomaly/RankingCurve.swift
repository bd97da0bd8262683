/// What every possible limit does to a set of scores, from the highest limit to the lowest.
///
/// Equal scores pass a limit together, as in scikit-learn.
package struct RankingCurve: Sendable, Equatable {
    /// One limit: what scores at least `score` is called anomalous.
    package struct Point: Sendable, Equatable {
        package let score: Float
        /// Anomalous pictures that are called so.
        package let truePositives: Int
        /// Normal pictures that are called anomalous.
        package let falsePositives: Int

        /// Above 0 to 1.
        package var precision: Double { Double(truePositives) / Double(truePositives + falsePositives) }
    }

    /// One point a distinct score, the highest score first; both counts rise to those of all pictures.
    package let points: [Point]
    package let normalCount: Int
    package let anomalousCount: Int

    /// - Precondition: neither is empty; scores are no NaN.
    /// - Complexity: O(n log n).
    package init(normal: [Float], anomalous: [Float]) {
        precondition(
            !normal.isEmpty && !anomalous.isEmpty, "metrics: \(normal.count) normal, \(anomalous.count) anomalous")
        normalCount = normal.count
        anomalousCount = anomalous.count
        let ranked = (normal.map { ($0, false) } + anomalous.map { ($0, true) }).sorted { $0.0 > $1.0 }
        var points: [Point] = []
        var (found, mistaken) = (0, 0)
        for (index, (score, isAnomalous)) in ranked.enumerated() {
            if isAnomalous { found += 1 } else { mistaken += 1 }
            guard index + 1 == ranked.count || ranked[index + 1].0 != score else { continue }
            points.append(Point(score: score, truePositives: found, falsePositives: mistaken))
        }
        self.points = points
    }

    /// The share of all anomalous pictures, 0 to 1.
    package func recall(at point: Point) -> Double { Double(point.truePositives) / Double(anomalousCount) }

    /// The share of all normal pictures, 0 to 1.
    package func falsePositiveRate(at point: Point) -> Double { Double(point.falsePositives) / Double(normalCount) }

    /// The recall at a false-positive rate, on the straight lines between the points; where the curve is vertical, its upper
    /// end.
    func recall(atFalsePositiveRate rate: Double) -> Double {
        var (x, y) = (0.0, 0.0)
        for point in points {
            let (nextX, nextY) = (falsePositiveRate(at: point), recall(at: point))
            if nextX > rate { return y + (rate - x) / (nextX - x) * (nextY - y) }
            (x, y) = (nextX, nextY)
        }
        return y
    }

    /// The precision at the highest limit that finds at least this share of the anomalous pictures, 0 to 1.
    func precision(atRecall share: Double) -> Double {
        points.first { recall(at: $0) >= share }?.precision ?? 0
    }
}
