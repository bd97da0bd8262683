/// Body of `POST /v1/commission`. Refused with `conflict` while a commissioning of the recipe goes on: its parts would
/// be lost.
package struct CommissionRequest: RequestFields, Equatable {
    /// Known-good parts to run, 1 to ``ControlLimits/commissionParts``; absent = 299, which support a false-reject rate
    /// of 1 % when none is rejected (0.05^(1/299) = 0.99).
    package var parts: Int?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case parts
    }

    package init(parts: Int? = nil) {
        self.parts = parts
    }
}

/// A limit and the false-reject rate that good parts support for it.
///
/// It bounds false rejects only: good parts say nothing about escapes.
package struct LimitBound: Codable, Sendable, Equatable {
    package var limit: Float
    /// Of the good parts, how many it rejects.
    package var rejects: Int
    /// Share of good parts, 0 to 1: the Clopper-Pearson upper bound at `CommissionReply.confidence`. Not `rejects` over
    /// the parts: none of 299 is 1 %, not 0.
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

/// Answer of `GET`, `POST` and `DELETE /v1/commission`; also in `RecipeReply`. What has been counted is read from the
/// journal, so it outlives the daemon. `POST /v1/commission/apply` answers with a `LimitReply`.
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
    /// Wanted; 0 while the state is `off`.
    package var parts: Int
    /// Of these, how many got a score so far. INVALID ones of another cause do not count.
    package var scored: Int
    /// Of the bounds, 0 to 1.
    package var confidence: Double
    /// The limit in use; absent before the first part.
    package var current: LimitBound?
    /// The limit that `apply` would set, for the sensitivity of the recipe; absent until the state is `complete`.
    package var proposal: LimitBound?
    /// Parts that are kept to teach the model by; absent where none are.
    package var kept: Int?

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
