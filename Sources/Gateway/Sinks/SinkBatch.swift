/// Messages that travel as one, and are taken or refused as one.
package struct SinkBatch: Sendable, Equatable, Comparable {
    /// By which a receiver knows one that it has.
    package let key: String
    /// A line a message.
    package let body: [UInt8]
    private let first: UInt64

    /// - Precondition: they are of one journal, and at least one.
    package init(_ messages: [SinkMessage]) {
        precondition(!messages.isEmpty, "sinks: an empty batch")
        let (start, end) = (messages[0], messages[messages.count - 1])
        // All that may have followed has no last number; a line's key it must not be.
        let last = end.place.seq == 0 ? "gap" : "\(end.place.seq)"
        key = "\(start.place.journal)/\(start.first)-\(last)"
        body = messages.flatMap { $0.payload + [UInt8(ascii: "\n")] }
        first = start.first
    }

    /// - Returns: nil for a name that none of them has.
    package init?(fileName: String, body: [UInt8]) {
        guard let match = fileName.wholeMatch(of: /([0-9a-f]+)-0*([0-9]+)-([0-9]+|gap)\.jsonl/),
            let first = UInt64(match.2)
        else { return nil }
        (key, self.body, self.first) = ("\(match.1)/\(first)-\(match.3)", body, first)
    }

    /// In a folder they are in the order of their numbers.
    package var fileName: String {
        let parts = key.split(separator: "/")
        let numbers = parts[1].split(separator: "-", maxSplits: 1)
        let zeros = String(repeating: "0", count: max(0, 12 - numbers[0].count))
        return "\(parts[0])-\(zeros)\(numbers[0])-\(numbers[1]).jsonl"
    }

    package static func < (one: SinkBatch, other: SinkBatch) -> Bool { one.first < other.first }
}
