/// A part that people may learn from: said to be good or bad, or worth a look.
package struct CandidateReply: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// NG, and somebody says that it is good: a shot, if it is accepted.
        case falseReject = "false_reject"
        /// OK, and somebody says that it is bad: no shot; something to show at the next check of the line.
        case escape
        /// OK with a score so near to the limit that either verdict is poorly supported.
        case uncertain
        /// OK with one of the highest scores of the newest parts.
        case high
        /// OK, and its picture as a whole is not as the shots, or teaching found it unlike the others.
        case odd
    }

    package var seq: UInt64
    package var kind: Kind
    package var verdict: Verdict
    package var score: Float
    package var limit: Float
    /// Whether its picture is stored: only then it can be looked at, or be a shot.
    package var hasPicture: Bool

    package init(seq: UInt64, kind: Kind, verdict: Verdict, score: Float, limit: Float, hasPicture: Bool) {
        self.seq = seq
        self.kind = kind
        self.verdict = verdict
        self.score = score
        self.limit = limit
        self.hasPicture = hasPicture
    }

    private enum CodingKeys: String, CodingKey {
        case seq, kind, verdict, score, limit
        case hasPicture = "has_picture"
    }
}

/// Answer of `GET /v1/candidates`: what people said of parts comes first, then what is worth a look; the newest first of each.
package struct CandidateListReply: Codable, Sendable, Equatable {
    package var recipe: String
    package var candidates: [CandidateReply]

    package init(recipe: String, candidates: [CandidateReply]) {
        self.recipe = recipe
        self.candidates = candidates
    }
}

/// Body of `POST /v1/candidates/dismiss`.
package struct CandidateDismissal: RequestFields, Equatable {
    package var seqs: [UInt64]

    package init(seqs: [UInt64]) { self.seqs = seqs }

    package enum CodingKeys: String, CodingKey, CaseIterable { case seqs }
}
