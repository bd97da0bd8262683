/// Who set a limit that calibration did not.
package enum LimitOrigin: String, Codable, Sendable {
    /// An operator, with `fsacctl limit set`.
    case hand
    /// An operator who accepted what commissioning proposed.
    case commission
}

/// What another limit would change: newest parts that the generation in use scored, at both limits.
package struct LimitChange: Codable, Sendable, Equatable {
    /// A limit by hand that is further than this factor from what the shots give is more often a slip of the finger (13 for 1.3)
    /// than meant. Chosen here: scores are in units of a typical good part, and other sensitivities stay below it.
    package static let plausibleFactor: Float = 2

    /// A part whose verdict would be another one.
    package struct Flip: Codable, Sendable, Equatable {
        package var seq: UInt64
        package var frame: String
        package var score: Float
        package var before: Verdict
        package var after: Verdict

        package init(seq: UInt64, frame: String, score: Float, before: Verdict, after: Verdict) {
            self.seq = seq
            self.frame = frame
            self.score = score
            self.before = before
            self.after = after
        }
    }

    /// The one in use; absent when it cannot be read. Then `before` is the verdict that a part got.
    package var limitBefore: Float?
    package var limitAfter: Float
    /// Parts that were looked at.
    package var parts: Int
    /// The newest first.
    package var flips: [Flip]
    /// Why it takes a person's word (`force`), in words; absent when nothing stands against it.
    package var objection: String?

    package init(
        limitBefore: Float?, limitAfter: Float, parts: Int, flips: [Flip], objection: String? = nil
    ) {
        self.limitBefore = limitBefore
        self.limitAfter = limitAfter
        self.parts = parts
        self.flips = flips
        self.objection = objection
    }

    private enum CodingKeys: String, CodingKey {
        case parts, flips, objection
        case limitBefore = "limit_before"
        case limitAfter = "limit_after"
    }
}
