/// The unit of a model's scores, the score at which a part is rejected, and why it is that.
package struct Calibration: Codable, Sendable, Equatable {
    package enum Origin: String, Codable, Sendable {
        /// Computed from the shots.
        case shots
        /// Computed from parts of the line.
        case parts
        /// Set by hand.
        case manual
    }

    /// The raw score that counts as 1: a typical good part's. Scores of the model are what its scorer says, divided by this, so
    /// that a limit means the same after a re-fit, and with another backbone.
    package let unit: Float
    /// A part with this score or a higher one is NG, see `Float.isReject(at:)`.
    package let limit: Float
    package let origin: Origin
    /// Scores around the limit that are judged, but could as well be on its other side.
    package let band: UncertainBand
    /// What the shots say, also when the limit was set by hand.
    package let evidence: CalibrationEvidence

    init(unit: Float, evidence: CalibrationEvidence) {
        self.init(
            unit: unit, limit: evidence.limit, origin: evidence.isOfStream ? .parts : .shots, band: evidence.band,
            evidence: evidence)
    }

    init(_ prediction: LimitPrediction, sensitivity: Sensitivity, anomalous: [Float] = []) {
        self.init(unit: prediction.unit, evidence: prediction.evidence(sensitivity, anomalous: anomalous))
    }

    private init(unit: Float, limit: Float, origin: Origin, band: UncertainBand, evidence: CalibrationEvidence) {
        self.unit = unit
        self.limit = limit
        self.origin = origin
        self.band = band
        self.evidence = evidence
    }

    /// Whether all numbers are; others make no model.
    var isFinite: Bool {
        let numbers = [unit, limit, band.lower, band.upper, evidence.limit, evidence.band.lower, evidence.band.upper]
        return (numbers + evidence.scores + evidence.options.map(\.limit)).allSatisfy(\.isFinite) && unit > 0
    }

    /// The same evidence with a limit set by hand.
    ///
    /// - Parameter band: what is uncertain around it; nil = as much in proportion as around the limit that the shots gave.
    /// - Precondition: `limit` is finite.
    package func withLimit(_ limit: Float, band: UncertainBand? = nil) -> Calibration {
        precondition(limit.isFinite, "calibration: limit \(limit)")
        let band = band ?? evidence.band.scaled(by: limit / evidence.limit)
        return Calibration(unit: unit, limit: limit, origin: .manual, band: band, evidence: evidence)
    }

    /// The limit that the shots gave.
    func automatic() -> Calibration { Calibration(unit: unit, evidence: evidence) }
}

/// Scores for which OK and NG are both poorly supported.
package struct UncertainBand: Codable, Sendable, Equatable {
    package let lower: Float
    package let upper: Float

    package init(lower: Float, upper: Float) {
        self.lower = lower
        self.upper = upper
    }

    package func contains(_ score: Float) -> Bool { lower <= score && score <= upper }

    /// As much in proportion around another limit.
    package func scaled(by factor: Float) -> UncertainBand {
        UncertainBand(lower: lower * factor, upper: upper * factor)
    }
}

/// What a limit rests on. Scores and limits are in the model's unit.
package struct CalibrationEvidence: Codable, Sendable, Equatable {
    /// What another sensitivity would have given.
    package struct Option: Codable, Sendable, Equatable {
        package let sensitivity: Sensitivity
        package let limit: Float
        /// The share of good parts that is expected to be rejected.
        package let falseRejectRate: Double
        /// The share of the synthetic anomalies that would be OK; nil without any. Real defects may be harder.
        package let escapeRate: Double?

        enum CodingKeys: String, CodingKey {
            case sensitivity, limit
            case falseRejectRate = "false_reject_rate"
            case escapeRate = "escape_rate"
        }
    }

    package let shotCount: Int
    /// Different parts among the shots, or those of the line that it rests on ("n").
    package let partCount: Int
    /// The score of each shot against a memory of the shots of other parts; with one shot, scores of mild variants of it against itself.
    package let scores: [Float]
    package let method: String
    package let sensitivity: Sensitivity
    /// The smallest false-reject rate that `partCount` good parts can vouch for without assuming a distribution:
    /// `1 / (n + 1)`, the chance that the next part scores higher than all of them (split conformal prediction).
    package let supportedFalseRejectRate: Double
    /// The limit that follows.
    package let limit: Float
    package let band: UncertainBand
    /// For the sensitivity and its neighbours, from lower to higher.
    package let options: [Option]
    /// Synthetic anomalies that the options' escape rates were counted with.
    package let anomalousCount: Int
    /// The same in words for a person.
    package let text: String

    /// Whether a shot that the model gives this score is a doubted one, see ``OddShots``: one that is NG or uncertain. One or two parts
    /// cannot say what is odd.
    ///
    /// - Parameter used: the band around the limit in use. One that is higher makes the model no laxer.
    package func doubts(_ score: Float, used: UncertainBand? = nil) -> Bool {
        partCount > 2 && score >= min(band.lower, used?.lower ?? band.lower)
    }

    /// What to do about a limit that the shots cannot tell; nil when they can.
    ///
    /// - Parameter canBeTaught: whether parts of the line can teach the model.
    package func advice(canBeTaught: Bool) -> String? {
        shotCount > 1 || isOfStream
            ? nil
            : "one shot does not show how much good parts differ, and verdicts near the limit are uncertain: "
                + (canBeTaught
                    ? "run good parts with `fsacctl commission --parts 30`, and `fsacctl teach` shows what they make of it; or "
                    : "inspect parts, and ")
                + "add good ones with `fsacctl add-normal`"
    }

    enum CodingKeys: String, CodingKey {
        case scores, method, sensitivity, limit, band, options, text
        case shotCount = "shot_count"
        case partCount = "part_count"
        case supportedFalseRejectRate = "supported_false_reject_rate"
        case anomalousCount = "anomalous_count"
    }
}
