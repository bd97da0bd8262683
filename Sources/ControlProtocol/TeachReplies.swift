/// Answer of `GET`, `POST` and `DELETE /v1/teach`: what parts of the line that were kept would make of the model in use. One
/// teaching of a recipe at a time; the newest one is remembered until the daemon ends, or another generation is in use.
package struct TeachReply: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        /// Nothing was asked for.
        case idle
        case working
        /// Nothing has changed: `POST /v1/teach?accept=true` makes it so.
        case proposed
        /// The generation that the proposal makes is in use.
        case accepted
        /// Why is in `error`; the model in use stays.
        case failed
    }

    package var recipe: String
    package var state: State
    /// In use; parts count for it alone.
    package var generation: Int
    /// Parts that are kept.
    package var kept: Int
    /// Parts that are to be kept, by the configuration or the commissioning that goes on; 0 = none any more.
    package var wanted: Int
    /// In [0, 1], while working.
    package var progress: Double?
    package var proposal: TeachProposal?
    package var error: ErrorReply.Body?

    package init(
        recipe: String, state: State, generation: Int, kept: Int, wanted: Int, progress: Double? = nil,
        proposal: TeachProposal? = nil, error: ErrorReply.Body? = nil
    ) {
        self.recipe = recipe
        self.state = state
        self.generation = generation
        self.kept = kept
        self.wanted = wanted
        self.progress = progress
        self.proposal = proposal
        self.error = error
    }
}

/// What kept parts make of a generation.
package struct TeachProposal: Codable, Sendable, Equatable {
    /// A kept part, and what becomes of it.
    package struct Part: Codable, Sendable, Equatable {
        /// Of its verdict.
        package var seq: UInt64
        /// `learnt`, `left_out` (more unusual than most), `odd` (unlike all others) or `again` (one that is there already).
        package var fate: String
        /// By the model in use, and by the one that knows the other parts; the latter is absent of one that is there again.
        package var before: Float
        package var after: Float?
        /// What the limit in use says of it, and what the new one would.
        package var verdictBefore: Verdict
        package var verdictAfter: Verdict?
        /// Below the state directory; absent where none is stored.
        package var image: String?

        package init(
            seq: UInt64, fate: String, before: Float, after: Float?, verdictBefore: Verdict, verdictAfter: Verdict?,
            image: String?
        ) {
            self.seq = seq
            self.fate = fate
            self.before = before
            self.after = after
            self.verdictBefore = verdictBefore
            self.verdictAfter = verdictAfter
            self.image = image
        }

        private enum CodingKeys: String, CodingKey {
            case seq, fate, before, after, image
            case verdictBefore = "verdict_before"
            case verdictAfter = "verdict_after"
        }
    }

    /// That is taught.
    package var generation: Int
    /// In the order of their numbers.
    package var parts: [Part]
    /// Both limits, and the recent parts with a stored picture whose verdict would be another one. `warnings`: what a person should
    /// know.
    package var change: ShotChange
    /// Why it takes a person's word (`force`), in words; absent when nothing stands against it.
    package var objection: String?
    /// That accepting it made.
    package var installed: Int?

    package init(
        generation: Int, parts: [Part], change: ShotChange, objection: String? = nil, installed: Int? = nil
    ) {
        self.generation = generation
        self.parts = parts
        self.change = change
        self.objection = objection
        self.installed = installed
    }
}
