package import ControlProtocol

/// Counts verdicts, given in the order of their numbers.
package struct Tally: Sendable {
    /// Parts of a recipe that is being commissioned are no production.
    private static let uncounted = "commissioning"
    /// A takt of more than an hour is a pause: told as an hour.
    private static let longestMicroseconds: Int64 = 3_600_000_000

    package private(set) var reply = TallyReply()
    /// Microseconds.
    private var takts: [UInt32] = []
    private var rejudged = RejudgedTally()

    package init() {}

    /// - Parameters:
    ///   - previous: the time of the camera's part before; nil = there was none.
    ///   - outcome: what people said of it.
    package mutating func count(_ facts: VerdictFacts, after previous: Int64?, _ outcome: Rejudgements.Outcome? = nil) {
        guard facts.cause != Self.uncounted else {
            reply.commissioning += 1
            return
        }
        reply.parts += 1
        switch facts.verdict {
        case .ok: reply.ok += 1
        case .ng: reply.ng += 1
        case .invalid:
            reply.invalid += 1
            reply.causes[facts.cause ?? "", default: 0] += 1
        }
        if let outcome { rejudged.count(facts.verdict, outcome) }
        if facts.isUncertain { reply.uncertain += 1 }
        if facts.isAgain {
            reply.reinspections += 1
        } else if facts.part != nil {
            reply.numbered += 1
            if facts.verdict == .ok { reply.numberedOK += 1 }
        }
        // A time before the last one is of a clock that was set back.
        if let previous, facts.time >= previous {
            takts.append(UInt32(min(facts.time - previous, Self.longestMicroseconds)))
        }
    }

    package mutating func countClockChange() { reply.clockChanges += 1 }

    /// Whether it is among the parts.
    static func isPart(_ facts: VerdictFacts) -> Bool { facts.cause != uncounted }

    /// With what follows from the counts.
    package var result: TallyReply {
        var result = reply
        result.ngRate = Self.share(reply.ng, of: reply.ok + reply.ng)
        result.judgedShare = Self.share(reply.ok + reply.ng, of: reply.parts)
        result.firstPassYield = Self.share(reply.numberedOK, of: reply.numbered)
        result.rejudged = rejudged.reply(ok: reply.ok, ng: reply.ng)
        let sorted = takts.sorted()
        if !sorted.isEmpty {
            result.takt = TaktReply(p50: Self.rank(0.5, of: sorted), p95: Self.rank(0.95, of: sorted))
        }
        return result
    }

    private static func share(_ count: Int, of all: Int) -> Double? { all == 0 ? nil : Double(count) / Double(all) }

    /// Seconds at the nearest rank.
    private static func rank(_ share: Double, of sorted: [UInt32]) -> Double {
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return Double(sorted[max(1, rank) - 1]) / 1e6
    }
}
