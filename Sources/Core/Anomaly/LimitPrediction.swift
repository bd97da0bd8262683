internal import Foundation

/// The upper prediction bound for the score of the next good part.
///
/// Scores are distances: positive, with a spread that grows with their size; so the model is a normal distribution of their
/// logarithms. Few shots say little about the spread, so it starts from what good parts of other products show (a scaled
/// inverse chi-squared prior, worth `priorShots` shots) and is corrected by the shots. The next part's score then has
/// Student's t distribution, and the limit is its upper quantile at the target rate.
///
/// The mean over a shot's variants counts as one observation: variants of one shot vary together, and ten of them say no
/// more about the next part than one.
///
/// - SeeAlso: Gelman et al., Bayesian Data Analysis, 3rd edition, section 3.3.
package struct LimitPrediction {
    /// How many shots the prior is worth. Chosen here (docs/accuracy.md).
    static let priorShots = 8
    /// Standard deviation of good parts' log scores that is expected before any shot is seen. Chosen here: the products that
    /// were looked at have 0.08, 0.14 and 0.24 (docs/accuracy.md).
    package static let priorSpread = 0.15
    /// What is added to the mean log score of one shot's variants against the shot itself: they do not show how much another
    /// good part differs. Chosen here: between 0 and 1 for the products that were looked at (docs/accuracy.md).
    static let singleShotOffset = 0.5
    /// Smaller scores count as this: a copy of a shot among the shots would have the logarithm of 0.
    static let smallestScore: Float = 1e-4

    package let scores: [[Float]]
    package let targetFalseRejectRate: Double

    /// - Parameter scores: for each shot, its score against a memory without it; with one shot, those of its variants
    ///   against itself.
    package init(scores: [[Float]], targetFalseRejectRate: Double) {
        precondition(
            !scores.isEmpty && scores.allSatisfy { $0.count == scores[0].count && !$0.isEmpty }, "limit: no scores")
        self.scores = scores
        self.targetFalseRejectRate = targetFalseRejectRate
    }

    package func evidence() -> CalibrationEvidence {
        let shots = scores.count
        let means = scores.map { ofShot in mean(ofShot.map { log(Double(max($0, Self.smallestScore))) }) }
        let centre = mean(means)
        let squares = means.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
        let degrees = Self.priorShots + shots - 1
        let variance = (Double(Self.priorShots) * Self.priorSpread * Self.priorSpread + squares) / Double(degrees)
        let spread = (variance * (1 + 1 / Double(shots))).squareRoot()
        let offset = shots == 1 ? Self.singleShotOffset : 0
        let quantile = StudentT(degreesOfFreedom: degrees).quantile(1 - targetFalseRejectRate)
        let limit = min(Float(exp(centre + offset + quantile * spread)), 2)
        let supported = 1 / Double(shots + 1)
        return CalibrationEvidence(
            shotCount: shots, scores: Array(scores.joined()),
            method: shots == 1 ? "held_out_variants" : "leave_one_out",
            targetFalseRejectRate: targetFalseRejectRate, supportedFalseRejectRate: supported, limit: limit,
            text: text(limit: limit, degrees: degrees, supported: supported))
    }

    private func text(limit: Float, degrees: Int, supported: Double) -> String {
        let count = scores.joined().count
        let source =
            scores.count == 1
            ? "\(count) mild variants of the only shot, scored against it"
            : "\(scores.count) shots, each left out once and scored against the others"
        return """
            limit \(String(format: "%.4f", limit)): upper \(percent(1 - targetFalseRejectRate)) prediction bound \
            (log-normal, Student t with \(degrees) degrees of freedom) from \(source); \
            without assuming a distribution, \(scores.count) good part\(scores.count == 1 ? "" : "s") \
            support\(scores.count == 1 ? "s" : "") a false-reject rate of \(percent(supported))
            """
    }

    private func percent(_ share: Double) -> String { String(format: "%.3g %%", share * 100) }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
