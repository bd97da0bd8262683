package import ControlProtocol
import Platform

/// The lines of a journal as a chain: each link is the SHA-256 of the one before and of a line, so the newest one is of all of them, in
/// their order.
package struct LineChain: Sendable, Equatable {
    /// The number of the newest line in it.
    package private(set) var sequence: UInt64
    /// The newest link, in hexadecimal digits; empty before the first.
    package private(set) var link: String

    /// - Parameter sequence: it begins behind that line.
    package init(behind sequence: UInt64) { (self.sequence, link) = (sequence, "") }

    fileprivate init(_ sequence: UInt64, link: String) { (self.sequence, self.link) = (sequence, link) }

    package mutating func add(_ line: VerdictLine) {
        link = hexadecimal(SHA256.digest(of: Array(link.utf8) + line.bytes))
        sequence = line.sequence
    }
}

/// Where the chains of both journals were at a moment. An event `anchor` says where they were at the one before and where they are now:
/// whoever keeps it elsewhere can tell later whether lines of before were changed, by whomever.
package struct JournalAnchor: Sendable, Equatable {
    package var verdicts: LineChain
    package var events: LineChain

    package init(verdicts: LineChain, events: LineChain) { (self.verdicts, self.events) = (verdicts, events) }

    /// As `before` or `after` of an event has it.
    package var values: [String: EventValue] {
        [
            "seq": .count(Int(verdicts.sequence)), "chain": .text(verdicts.link),
            "event_seq": .count(Int(events.sequence)), "event_chain": .text(events.link),
        ]
    }

    /// Nil when they are not an anchor's.
    package init?(_ values: [String: EventValue]) {
        guard let verdicts = Self.chain("seq", "chain", in: values),
            let events = Self.chain("event_seq", "event_chain", in: values)
        else { return nil }
        self.init(verdicts: verdicts, events: events)
    }

    private static func chain(_ sequence: String, _ link: String, in values: [String: EventValue]) -> LineChain? {
        guard case .count(let count)? = values[sequence], count >= 0, case .text(let link)? = values[link] else {
            return nil
        }
        return LineChain(UInt64(count), link: link)
    }

    /// The event of a line; nil for other events and for lines that are none.
    package static func event(_ line: [UInt8]) -> EventRecord? {
        // Few are: the others need no decoder.
        guard JournalLine.text(of: "event", in: line[...]) == EventRecord.Kind.anchor.rawValue else { return nil }
        return try? ControlCoding.decode(EventRecord.self, from: line)
    }
}
