/// What a person says of a part that has a verdict.
package enum JudgedAs: String, Codable, Sendable, CaseIterable {
    case ok = "OK"
    case ng = "NG"
    /// Takes back what the same person said before.
    case unsure
}

/// Body of `POST /v1/judgements`.
package struct JudgementRequest: RequestFields, Equatable {
    package var seq: UInt64
    package var judged: JudgedAs
    /// For people: at most 200 bytes are kept.
    package var note: String?

    package init(seq: UInt64, judged: JudgedAs, note: String?) {
        self.seq = seq
        self.judged = judged
        self.note = note
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case seq, judged, note }
}

/// Answer of `POST /v1/judgements`: it is on the disk.
package struct JudgementReply: Codable, Sendable, Equatable {
    package var seq: UInt64
    /// Of the journal's line, which never changes.
    package var verdict: Verdict
    package var judged: JudgedAs

    package init(seq: UInt64, verdict: Verdict, judged: JudgedAs) {
        self.seq = seq
        self.verdict = verdict
        self.judged = judged
    }
}

/// What people said of parts afterwards.
package struct RejudgedReply: Codable, Sendable, Equatable {
    /// Of the NG that somebody judged again, those that were good.
    package var falseRejects: ShareReply?
    /// Of the OK that somebody judged again, those that were bad.
    package var escapes: ShareReply?
    /// Good parts that got NG, among OK parts and these: only where every NG was judged again.
    package var falseRejectRate: ShareReply?
    /// Parts of which two people say different things: counted in none of these.
    package var disputed: Int

    package init(falseRejects: ShareReply?, escapes: ShareReply?, falseRejectRate: ShareReply?, disputed: Int) {
        self.falseRejects = falseRejects
        self.escapes = escapes
        self.falseRejectRate = falseRejectRate
        self.disputed = disputed
    }

    private enum CodingKeys: String, CodingKey {
        case escapes, disputed
        case falseRejects = "false_rejects"
        case falseRejectRate = "false_reject_rate"
    }
}

/// A share with what it rests on: Wilson's bounds at 95 % confidence, two-sided.
package struct ShareReply: Codable, Sendable, Equatable {
    package var count: Int
    package var of: Int
    package var lower: Double
    package var upper: Double

    package init(count: Int, of: Int, lower: Double, upper: Double) {
        self.count = count
        self.of = of
        self.lower = lower
        self.upper = upper
    }
}
