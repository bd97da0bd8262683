/// A line of `GET /v1/tail` or `/v1/history` in place of numbers that the journal does not have, or not any more:
/// `{"from":17,"to":42,"type":"gap"}`. Retention took their verdicts, or the daemon ended before it gave all of them
/// out. Every other line is a journal line, byte for byte, and has no `type`.
///
/// It comes whatever verdict was asked for, for nobody knows any more what these were, and does not count as one of
/// `limit` lines.
package struct TailGap: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        case gap
    }
    package var type = Kind.gap
    /// First missing sequence number.
    package var from: UInt64
    /// Last missing sequence number.
    package var to: UInt64

    package init(from: UInt64, to: UInt64) {
        self.from = from
        self.to = to
    }
}
