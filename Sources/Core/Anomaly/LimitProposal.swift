internal import Glibc

/// The limit that a run of known-good parts supports, whatever the distribution of their scores.
///
/// With the limit at the (x + 1)-th highest of n scores, x of the parts are rejected, and the true false-reject rate is at most
/// the Clopper-Pearson bound of x in n with the stated confidence: for x = 0 it is `1 - 0.05^(1/n)`, 1 % for 299 parts.
///
/// - SeeAlso: Clopper and Pearson, Biometrika 26 (1934); Wilks, Annals of Mathematical Statistics 12 (1941), for a limit that
///   is itself one of the scores.
package struct LimitProposal: Codable, Sendable, Equatable {
    /// Of the bounds.
    package static let confidence = 0.95

    /// Good parts that were scored.
    package let parts: Int
    /// How many of them the proposed limit rejects.
    package let rejects: Int
    package let limit: Float
    package let band: UncertainBand
    /// The false-reject rate that is supported at ``confidence``.
    package let falseRejectRate: Double

    /// The lowest limit that the parts support at the sensitivity's false-reject rate; when they are too few for it, one that
    /// rejects none of them and is not below the one in use, for which the bound is the same.
    ///
    /// - Parameters:
    ///   - scores: of good parts, in the model's unit.
    ///   - current: the limit in use.
    /// - Returns: nil without a finite positive score.
    package init?(scores: [Float], sensitivity: Sensitivity, current: Float = 0) {
        let sorted = scores.filter { $0.isFinite && $0 > 0 }.sorted(by: >)
        guard !sorted.isEmpty else { return nil }
        var rejects = 0
        while rejects + 1 < sorted.count,
            Self.bound(rejects: rejects + 1, parts: sorted.count) <= sensitivity.falseRejectRate
        { rejects += 1 }
        parts = sorted.count
        // A score at the limit is a reject: the limit is the next thousandth, or what comes after a score without thousandths.
        let next = max(((sorted[rejects] * 1000).rounded(.down) + 1) / 1000, sorted[rejects].nextUp)
        let isSupported = Self.bound(rejects: rejects, parts: sorted.count) <= sensitivity.falseRejectRate
        limit = isSupported ? next : max(next, current)
        let chosen = limit
        self.rejects = sorted.count { $0.isReject(at: chosen) }
        falseRejectRate = Self.bound(rejects: self.rejects, parts: parts)
        let spread = LimitPrediction(scores: sorted.map { [$0] }).evidence(sensitivity)
        band = spread.band.scaled(by: limit / spread.limit)
    }

    /// The highest false-reject rate with which `rejects` or fewer of `parts` are still seen in more than 1 - `confidence` of all
    /// runs: the Clopper-Pearson upper bound.
    package static func bound(rejects: Int, parts: Int, confidence: Double = confidence) -> Double {
        precondition(rejects >= 0 && parts > 0 && rejects <= parts, "binomial: \(rejects) of \(parts)")
        guard rejects < parts else { return 1 }
        var (low, high) = (0.0, 1.0)
        while high - low > 1e-12 {
            let middle = (low + high) / 2
            let isSeen = probability(ofAtMost: rejects, of: parts, middle) > 1 - confidence
            if isSeen { low = middle } else { high = middle }
        }
        return high
    }

    /// Of the binomial distribution, `0 < rate < 1`.
    private static func probability(ofAtMost count: Int, of parts: Int, _ rate: Double) -> Double {
        // log of the term, from (1 - rate)^n on; a sum of exponentials does not overflow.
        var term = Double(parts) * log1p(-rate)
        var sum = exp(term)
        for k in 0..<count {
            term += log(Double(parts - k) / Double(k + 1)) + log(rate) - log1p(-rate)
            sum += exp(term)
        }
        return sum
    }
}
