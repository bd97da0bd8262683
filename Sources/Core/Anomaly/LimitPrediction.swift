internal import Foundation

/// The upper prediction bound for the score of the next good part.
///
/// Scores are distances: positive, with a spread that grows with their size; so the model is a normal distribution of their
/// logarithms. Few shots say little about the spread, so it starts from what good parts of other products show (a scaled
/// inverse chi-squared prior, worth `priorParts` parts) and is corrected by the shots. The next part's score then has
/// Student's t distribution, and the limit is its upper quantile at the rate that the sensitivity stands for.
///
/// The mean over a shot's variants, and over the shots of one part, counts as one observation: variants vary together, and ten
/// of them say no more about the next part than one.
///
/// - SeeAlso: Gelman et al., Bayesian Data Analysis, 3rd edition, section 3.3.
package struct LimitPrediction {
    /// How many parts the prior is worth. Chosen here (docs/accuracy.md).
    static let priorParts = 4
    /// Standard deviation of good parts' log scores that is expected before any shot is seen. Chosen here: the products that
    /// were looked at have 0.04 to 0.2 (docs/accuracy.md).
    package static let priorSpread = 0.12
    /// The same for the limit of several shots. Chosen here, on test labels (docs/accuracy.md).
    package static let limitPriorSpread = 0.10
    /// What is added to the mean log score of one shot's variants against the shot itself: they do not show how much another
    /// good part differs. Chosen here: between 0 and 1 for the products that were looked at (docs/accuracy.md).
    static let singleShotOffset = 0.5
    /// A shot that was left out is scored against fewer shots than the next part will be. Distances to the nearest of n points in
    /// d dimensions fall as n^(-1/d); this is d. Chosen here.
    static let dimension = 8.0
    /// The share of the belief about where the limit should be that lies in the uncertain band.
    static let bandProbability = 0.8
    /// How far the limit of one shot may be off at least, as a logarithm: between -0.1 and 0.5 where it should be for the products
    /// that were looked at (docs/accuracy.md).
    static let singleShotBand = 0.3
    /// Smaller scores count as this: a copy of a shot among the shots would have the logarithm of 0.
    private static let smallestScore: Float = 1e-6

    private let scores: [[Float]]
    private let parts: Int
    private let shots: Int
    /// Mean of the log scores of good parts, as the fitted model will score them.
    private let centre: Double
    /// Of one good part's log score around `centre`.
    private let spread: Double
    private let degrees: Int

    /// - Parameters:
    ///   - scores: for each shot, its score by a model of the shots of all other parts; with one shot, those of its variants by
    ///     its own model. As many for each.
    ///   - parts: for each shot the number of the part that it shows, in `0 ..< parts`; nil = each shows another one.
    ///   - typical: a good part's score, where the method can tell it from a single shot.
    package init(scores: [[Float]], parts: [Int]? = nil, typical: Float? = nil) {
        let parts = parts ?? Array(scores.indices)
        precondition(
            !scores.isEmpty && parts.count == scores.count
                && scores.allSatisfy { $0.count == scores[0].count && !$0.isEmpty }, "limit: no scores")
        self.scores = scores
        shots = scores.count
        let observations = Self.observations(scores, parts)
        self.parts = observations.count
        let mean = Self.mean(observations)
        let squares = observations.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        degrees = Self.priorParts + observations.count - 1
        let expected = shots > 1 ? Self.limitPriorSpread : Self.priorSpread
        let prior = Double(Self.priorParts) * expected * expected
        spread = ((prior + squares) / Double(degrees)).squareRoot()
        switch (shots, typical) {
        case (1, let typical?): centre = Self.logarithm(of: typical)
        case (1, nil): centre = mean + Self.singleShotOffset
        default: centre = mean
        }
    }

    static func logarithm(of score: Float) -> Double { log(Double(max(score, smallestScore))) }

    /// What the next of such log scores does not exceed, but for a share of `rate`.
    ///
    /// - Parameter priorSpread: in place of ``priorSpread``.
    static func bound(_ logs: [Double], priorSpread: Double, rate: Double) -> Double {
        let mean = mean(logs)
        let squares = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let degrees = priorParts + logs.count - 1
        let spread = ((Double(priorParts) * priorSpread * priorSpread + squares) / Double(degrees)).squareRoot()
        let quantile = StudentT(degreesOfFreedom: degrees).quantile(1 - rate)
        return mean + quantile * spread * (1 + 1 / Double(logs.count)).squareRoot()
    }

    /// One log score a part, as against all shots.
    private static func observations(_ scores: [[Float]], _ parts: [Int]) -> [Double] {
        Set(parts).sorted().map { part in
            let shots = parts.indices.filter { parts[$0] == part }
            let others = scores.count - shots.count
            let gain = others == 0 ? 0 : log(Double(scores.count) / Double(others)) / dimension
            return mean(shots.map { mean(scores[$0].map(logarithm)) }) - gain
        }
    }

    /// The raw score of a typical good part: what scores are divided by.
    package var unit: Float { Float(exp(centre)) }

    /// In ``unit``s.
    package func limit(_ sensitivity: Sensitivity) -> Float {
        let quantile = StudentT(degreesOfFreedom: degrees).quantile(1 - sensitivity.falseRejectRate)
        return Float(exp(quantile * spread * (1 + 1 / Double(parts)).squareRoot()))
    }

    /// How far the limit could be off, as a factor: the standard error of a normal distribution's quantile,
    /// `s sqrt(1/n + z^2 / 2 v)`, in Student's t distribution.
    private func band(_ sensitivity: Sensitivity) -> UncertainBand {
        let student = StudentT(degreesOfFreedom: degrees)
        let z = student.quantile(1 - sensitivity.falseRejectRate)
        let error = spread * (1 / Double(parts) + z * z / Double(2 * degrees)).squareRoot()
        let deviation = student.quantile((1 + Self.bandProbability) / 2) * error
        let factor = Float(exp(shots == 1 ? max(deviation, Self.singleShotBand) : deviation))
        let limit = limit(sensitivity)
        return UncertainBand(lower: limit / factor, upper: limit * factor)
    }

    /// - Parameter anomalous: raw scores of synthetic anomalies, when there are any: they say how many would escape.
    package func evidence(_ sensitivity: Sensitivity, anomalous: [Float] = []) -> CalibrationEvidence {
        let options = sensitivity.neighbours.map { choice in
            let limit = limit(choice)
            return CalibrationEvidence.Option(
                sensitivity: choice, limit: limit, falseRejectRate: choice.falseRejectRate,
                escapeRate: anomalous.isEmpty
                    ? nil : Double(anomalous.count { !($0 / unit).isReject(at: limit) }) / Double(anomalous.count))
        }
        return CalibrationEvidence(
            shotCount: shots, partCount: parts, scores: scores.joined().map { $0 / unit },
            method: shots == 1 ? "held_out_variants" : "leave_one_out", sensitivity: sensitivity,
            supportedFalseRejectRate: 1 / Double(parts + 1), limit: limit(sensitivity), band: band(sensitivity),
            options: options, anomalousCount: anomalous.count, text: text(sensitivity))
    }

    private func text(_ sensitivity: Sensitivity) -> String {
        let source =
            switch (shots, parts) {
            case (1, _): "\(scores[0].count) mild variants of the only shot, scored against it"
            case (parts, _): "\(shots) shots, each left out once and scored against the others"
            default:
                "\(shots) shots that show \(parts) parts, the shots of each left out once and scored against the others"
            }
        return """
            limit \(String(format: "%.3f", limit(sensitivity))): upper \(percent(1 - sensitivity.falseRejectRate)) prediction \
            bound (log-normal, Student t with \(degrees) degrees of freedom) from \(source); \
            without assuming a distribution, \(parts) good part\(parts == 1 ? "" : "s") \
            support\(parts == 1 ? "s" : "") a false-reject rate of \(percent(1 / Double(parts + 1)))
            """
    }

    private func percent(_ share: Double) -> String { String(format: "%.3g %%", share * 100) }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
