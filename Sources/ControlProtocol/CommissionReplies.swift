/// Body of `POST /v1/commission`.
package struct CommissionRequest: Codable, Sendable, Equatable {
    /// Known-good parts to run; absent = 299, which support a false-reject rate of 1 % when none is rejected.
    package var parts: Int?

    package init(parts: Int? = nil) {
        self.parts = parts
    }
}

/// A limit and the false-reject rate that good parts support for it.
package struct LimitBound: Codable, Sendable, Equatable {
    package var limit: Float
    /// Of the good parts, how many it rejects.
    package var rejects: Int
    /// The Clopper-Pearson upper bound at `CommissionReply.confidence`.
    package var falseRejectRate: Double

    package init(limit: Float, rejects: Int, falseRejectRate: Double) {
        self.limit = limit
        self.rejects = rejects
        self.falseRejectRate = falseRejectRate
    }

    private enum CodingKeys: String, CodingKey {
        case limit, rejects
        case falseRejectRate = "false_reject_rate"
    }
}

/// Answer of `GET`, `POST` and `DELETE /v1/commission` and of `POST /v1/commission/apply`.
package struct CommissionReply: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        /// Parts are judged.
        case off
        /// Verdicts are INVALID (`commissioning`), and the parts count.
        case running
        /// The parts are together; verdicts stay INVALID until the proposal is accepted or the commissioning ended.
        case complete
    }

    package var recipe: String
    package var state: State
    /// The generation in use: parts count for it alone, a re-fit begins anew.
    package var generation: Int
    /// Wanted.
    package var parts: Int
    package var scored: Int
    /// Of the bounds.
    package var confidence: Double
    /// The limit in use; absent before the first part.
    package var current: LimitBound?
    /// When complete.
    package var proposal: LimitBound?

    package init(
        recipe: String, state: State, generation: Int, parts: Int, scored: Int, confidence: Double,
        current: LimitBound? = nil, proposal: LimitBound? = nil
    ) {
        self.recipe = recipe
        self.state = state
        self.generation = generation
        self.parts = parts
        self.scored = scored
        self.confidence = confidence
        self.current = current
        self.proposal = proposal
    }
}
