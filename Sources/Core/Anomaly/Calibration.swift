/// The score at which a part is rejected, and why it is that.
public struct Calibration: Codable, Sendable, Equatable {
    public enum Origin: String, Codable, Sendable {
        /// Computed from the shots.
        case shots
        /// Set by hand.
        case manual
    }

    /// A part with a higher score is NG.
    public let limit: Float
    public let origin: Origin
    /// The raw score that counts as 1: scores of the model are what its scorer says, divided by this.
    public let unit: Float
    /// What the shots say, also when the limit was set by hand.
    public let evidence: CalibrationEvidence

    init(evidence: CalibrationEvidence) {
        limit = evidence.limit
        origin = .shots
        unit = 1
        self.evidence = evidence
    }

    private init(limit: Float, origin: Origin, unit: Float, evidence: CalibrationEvidence) {
        self.limit = limit
        self.origin = origin
        self.unit = unit
        self.evidence = evidence
    }

    /// The same evidence with a limit set by hand.
    ///
    /// - Precondition: `limit` is finite.
    public func withLimit(_ limit: Float) -> Calibration {
        precondition(limit.isFinite, "calibration: limit \(limit)")
        return Calibration(limit: limit, origin: .manual, unit: unit, evidence: evidence)
    }

    /// The limit that the shots gave.
    public func automatic() -> Calibration { Calibration(evidence: evidence) }
}

/// What a limit rests on.
public struct CalibrationEvidence: Codable, Sendable, Equatable {
    /// Normal shots ("n").
    public let shotCount: Int
    /// The score of each shot against a memory without it; with one shot, scores of mild variants of it against itself.
    public let scores: [Float]
    public let method: String
    /// The share of good parts that the limit is meant to reject.
    public let targetFalseRejectRate: Double
    /// The smallest false-reject rate that `shotCount` good parts can vouch for without assuming a distribution:
    /// `1 / (n + 1)`, the chance that the next part scores higher than all of them (split conformal prediction).
    public let supportedFalseRejectRate: Double
    /// The limit that follows.
    public let limit: Float
    /// The same in words for a person.
    public let text: String

    enum CodingKeys: String, CodingKey {
        case scores, method, limit, text
        case shotCount = "shot_count"
        case targetFalseRejectRate = "target_false_reject_rate"
        case supportedFalseRejectRate = "supported_false_reject_rate"
    }
}
