internal import Foundation

/// The limit that parts of the line give, good ones for the most part: the median of their log scores and a number of deviations
/// above it. Both are told by the middle of the parts, so that a few bad ones move them little, and deviations count up to a bound.
package struct StreamLimit {
    /// Deviations above the median at the balanced sensitivity: the best of eight on five products that were looked at
    /// (docs/accuracy.md).
    private static let balancedFactor = 1.5
    /// Of a normal distribution, in median absolute deviations.
    static let deviationPerMAD = 1.4826
    /// What is believed of how much good parts differ. At least so much: pictures of one standing part say nothing of the next one. At
    /// most so much: defective parts among the others widen it, too, and defects are no larger where good parts differ more. Chosen here,
    /// on test labels (docs/accuracy.md); good parts of the products that were looked at have 0.1 to 0.3.
    private static let spreads = 0.03...0.15
    /// Degrees of freedom from which on Student's distribution is the normal one, to four digits.
    private static let normal = StudentT(degreesOfFreedom: 10_000)
    /// The share of the belief about where the limit should be that lies in the uncertain band.
    private static let bandProbability = 0.8

    private let scores: [Float]
    private let median: Double
    /// Of the parts' log scores, as they are.
    private let found: Double
    /// Of good parts' log scores, as it is believed.
    private let spread: Double

    /// - Parameter scores: raw ones of parts, each by a model that does not know it; at least one.
    package init(scores: [Float]) {
        precondition(!scores.isEmpty, "stream limit: no scores")
        self.scores = scores
        let logs = scores.map(LimitPrediction.logarithm(of:))
        let middle = Self.median(logs)
        median = middle
        found = max(Self.deviationPerMAD * Self.median(logs.map { abs($0 - middle) }), Self.spreads.lowerBound)
        spread = min(found, Self.spreads.upperBound)
    }

    /// Deviations above the median: 2.3 at sensitivity 0, 1.5 in the middle, 0 at 1, in proportion to the quantiles of a normal
    /// distribution.
    static func factor(_ sensitivity: Sensitivity) -> Double {
        balancedFactor * normal.quantile(1 - sensitivity.falseRejectRate)
            / normal.quantile(1 - Sensitivity.balanced.falseRejectRate)
    }

    /// The raw score of a typical good part: what scores are divided by.
    package var unit: Float { Float(exp(median)) }

    /// The raw score from which on a part is unlike these, however much they differ.
    var unlikeness: Float { Float(exp(median + Self.balancedFactor * found)) }

    /// In ``unit``s.
    package func limit(_ sensitivity: Sensitivity) -> Float { Float(exp(Self.factor(sensitivity) * spread)) }

    /// Of parts that differ as these do.
    private func falseRejectRate(_ sensitivity: Sensitivity) -> Double {
        1 - Self.normal.cumulativeProbability(Self.factor(sensitivity) * spread / found)
    }

    /// The standard errors of a median and of a median absolute deviation, of so many normally distributed scores.
    private func band(_ sensitivity: Sensitivity) -> UncertainBand {
        let factor = Self.factor(sensitivity)
        let error = found * ((.pi / 2 + 1.36 * factor * factor) / Double(scores.count)).squareRoot()
        let width = Float(exp(Self.normal.quantile((1 + Self.bandProbability) / 2) * error))
        return UncertainBand(lower: limit(sensitivity) / width, upper: limit(sensitivity) * width)
    }

    package func evidence(_ sensitivity: Sensitivity, shots: Int) -> CalibrationEvidence {
        let options = sensitivity.neighbours.map { choice in
            CalibrationEvidence.Option(
                sensitivity: choice, limit: limit(choice),
                falseRejectRate: falseRejectRate(choice), escapeRate: nil)
        }
        let wide =
            found > spread
            ? String(
                format: "; a deviation is %.2f at most: by theirs of %.2f about %.0f %% of good parts are rejected",
                spread, found, 100 * falseRejectRate(sensitivity)) : ""
        let text = """
            limit \(String(format: "%.3f", limit(sensitivity))): median and \
            \(String(format: "%.2f", Self.factor(sensitivity))) robust deviations of the log scores of \(scores.count) parts of \
            the line, each scored by a model without it; presumes that most of them are good\(wide)
            """
        return CalibrationEvidence(
            shotCount: shots, partCount: scores.count, scores: scores.map { $0 / unit },
            method: CalibrationEvidence.ofStream, sensitivity: sensitivity,
            supportedFalseRejectRate: 1 / Double(scores.count + 1), limit: limit(sensitivity), band: band(sensitivity),
            options: options, anomalousCount: 0, text: text)
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}

extension CalibrationEvidence {
    /// As ``method``.
    static let ofStream = "stream_median_mad"

    /// Whether it is of parts of the line, and not of the shots.
    package var isOfStream: Bool { method == Self.ofStream }
}
