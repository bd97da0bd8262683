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
    /// What is wrong with it, in a word: of a bad part, at most 40 bytes are kept.
    package var defect: String?

    package init(seq: UInt64, judged: JudgedAs, note: String? = nil, defect: String? = nil) {
        self.seq = seq
        self.judged = judged
        self.note = note
        self.defect = defect
    }

    package enum CodingKeys: String, CodingKey, CaseIterable { case seq, judged, note, defect }
}

/// Answer of `POST /v1/judgements`: it is on the disk.
package struct JudgementReply: Codable, Sendable, Equatable {
    package var seq: UInt64
    /// Of the journal's line, which never changes.
    package var verdict: Verdict
    package var judged: JudgedAs
    /// Whether the part's picture is stored; it stays then, see `retention` of ``JudgementListReply``. Absent in answers of versions
    /// that did not say it.
    package var hasPicture: Bool?

    package init(seq: UInt64, verdict: Verdict, judged: JudgedAs, hasPicture: Bool?) {
        self.seq = seq
        self.verdict = verdict
        self.judged = judged
        self.hasPicture = hasPicture
    }

    private enum CodingKeys: String, CodingKey {
        case seq, verdict, judged
        case hasPicture = "has_picture"
    }
}

/// Answer of `GET /v1/judgements`.
package struct JudgementListReply: Codable, Sendable, Equatable {
    package enum Outcome: String, Codable, Sendable {
        case good, bad
        /// Two people say different things.
        case disputed
    }

    package struct Part: Codable, Sendable, Equatable {
        package var seq: UInt64
        /// By the last word of each person.
        package var outcome: Outcome
        /// What somebody said is wrong with it, the newest word.
        package var defect: String?

        package init(seq: UInt64, outcome: Outcome, defect: String?) {
            self.seq = seq
            self.outcome = outcome
            self.defect = defect
        }
    }

    /// In the order of their numbers, the newest where there are more.
    package var parts: [Part]
    /// So many judged parts keep their pictures, the newest; those of others go with all of their class.
    package var retention: Int

    package init(parts: [Part], retention: Int) {
        self.parts = parts
        self.retention = retention
    }
}

/// Answer of `GET /v1/actions`: what can be done where it was asked.
package struct ActionListReply: Codable, Sendable, Equatable {
    package var actions: [String]
    /// Whether they need a PIN.
    package var pin: Bool

    package init(actions: [String], pin: Bool) {
        self.actions = actions
        self.pin = pin
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
