/// The drawings of one result: a thin line or a small drawing a seed, a thick line for the mean.
extension ShotEvaluation {
    private var curves: [RankingCurve] {
        runs.map { RankingCurve(normal: $0.normalScores, anomalous: $0.anomalousScores) }
    }

    /// Of every seed, and their mean at equal false-positive rates.
    var rocChart: Chart {
        var chart = Chart("ROC", x: "false-positive rate", y: "recall")
        chart.addLine([(0, 0), (1, 1)], style: "chance")
        let curves = curves
        for curve in curves {
            let points = curve.points.map { (x: curve.falsePositiveRate(at: $0), y: curve.recall(at: $0)) }
            chart.addLine([(0, 0)] + points, style: "seed")
        }
        chart.addLine(
            [(0, 0)] + Self.steps.map { rate in (rate, Self.mean(curves) { $0.recall(atFalsePositiveRate: rate) }) },
            style: "mean")
        return chart
    }

    /// Of every seed, and their mean at equal recall; steps, as average precision counts them.
    var precisionRecallChart: Chart {
        var chart = Chart("Precision and recall", x: "recall", y: "precision")
        let curves = curves
        for curve in curves {
            var points: [(x: Double, y: Double)] = []
            for point in curve.points {
                points += [(points.last?.x ?? 0, point.precision), (curve.recall(at: point), point.precision)]
            }
            chart.addLine(points, style: "seed")
        }
        chart.addLine(
            Self.steps.dropFirst().map { recall in (recall, Self.mean(curves) { $0.precision(atRecall: recall) }) },
            style: "mean")
        return chart
    }

    private static let steps = (0...200).map { Double($0) / 200 }

    private static func mean(_ curves: [RankingCurve], _ value: (RankingCurve) -> Double) -> Double {
        curves.map(value).reduce(0, +) / Double(curves.count)
    }

    /// The scores of all seeds in units of each seed's limit, so that they share one axis.
    var histogram: Chart {
        let limits = runs.map { max(Float($0.figures[.limit] ?? 1), .leastNormalMagnitude) }
        let normal = zip(runs, limits).flatMap { run, limit in run.normalScores.map { Double($0 / limit) } }
        let anomalous = zip(runs, limits).flatMap { run, limit in run.anomalousScores.map { Double($0 / limit) } }
        return Histogram(normal: normal, anomalous: anomalous, limit: 1)
            .chart(runs.count == 1 ? "Scores" : "Scores of all seeds", unit: "score, in limits")
    }
}

extension EvaluationRun {
    var histogram: Chart {
        Histogram(
            normal: normalScores.map(Double.init), anomalous: anomalousScores.map(Double.init),
            limit: figures[.limit] ?? 0
        ).chart("Scores of seed \(seed)", unit: "score")
    }
}

/// How many scores lie where: shares of each kind in bins of equal width.
struct Histogram: Equatable {
    static let binCount = 40

    let range: ClosedRange<Double>
    let normal: [Double]
    let anomalous: [Double]
    let limit: Double
    /// Whether the last bin holds higher scores, too.
    let isCut: Bool

    /// The axis goes from 0, or the lowest score below it, to the highest score, but no further than 3 limits: far defects
    /// would squeeze what is near the limit.
    init(normal: [Double], anomalous: [Double], limit: Double) {
        let scores = normal + anomalous + [limit]
        let lowest = min(0, scores.min() ?? 0)
        let highest = scores.max() ?? 1
        isCut = limit > 0 && highest > 3 * limit
        let end = isCut ? 3 * limit : highest * 1.04
        range = lowest...(end > lowest ? end : lowest + 1)
        self.normal = Self.shares(of: normal, range)
        self.anomalous = Self.shares(of: anomalous, range)
        self.limit = limit
    }

    private static func shares(of scores: [Double], _ range: ClosedRange<Double>) -> [Double] {
        var bins = [Double](repeating: 0, count: binCount)
        let width = range.upperBound - range.lowerBound
        for score in scores {
            let place = (score - range.lowerBound) / width * Double(binCount)
            bins[Int(min(max(place, 0), Double(binCount - 1)))] += 1 / Double(scores.count)
        }
        return bins
    }

    func chart(_ title: String, unit: String) -> Chart {
        let highest = max((normal + anomalous).max() ?? 1, 0.05) * 1.1
        var chart = Chart(title, x: unit, range, y: "share of pictures", 0...highest)
        if isCut { chart.xEnd = "more" }
        let width = (range.upperBound - range.lowerBound) / Double(Self.binCount)
        for (shares, style) in [(normal, "good"), (anomalous, "defective")] {
            for (bin, share) in shares.enumerated() {
                let start = range.lowerBound + Double(bin) * width
                chart.addBar(x: start...start + width, height: share, style: style)
            }
        }
        chart.addVertical(at: limit, label: "limit", style: "limit")
        return chart
    }
}
