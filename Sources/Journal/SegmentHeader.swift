import ControlProtocol

/// The first line of a segment, which ties it to the one before.
/// A segment that is missing or was exchanged shows: number and checksum of the line before it are in here.
package struct SegmentHeader: Equatable {
    /// A reader that finds another one does not know what the lines mean.
    package static let version = 1
    package static let noChecksum = "00000000"

    /// Last sequence number before this segment, 0 = none.
    package var previousSequence: UInt64
    /// Digits of the checksum of that line.
    package var previousChecksum: String

    package var line: [UInt8] {
        var object = JSONLine()
        object.add("type", "header")
        object.add("version", Self.version)
        object.add("previous_seq", previousSequence)
        object.add("previous_crc", previousChecksum)
        return JournalLine.sealed(object)
    }

    private static let start = Array(#"{"type":"header","#.utf8)

    package init(previousSequence: UInt64, previousChecksum: String) {
        self.previousSequence = previousSequence
        self.previousChecksum = previousChecksum
    }

    /// Of a segment that goes on behind a line.
    package init(after line: VerdictLine) {
        self.init(previousSequence: line.sequence, previousChecksum: line.checksum)
    }

    private struct Fields: Decodable {
        var previousSequence: UInt64
        var previousChecksum: String

        enum CodingKeys: String, CodingKey {
            case previousSequence = "previous_seq"
            case previousChecksum = "previous_crc"
        }
    }

    /// A header that can be trusted; nil for other lines.
    package init?(_ line: ArraySlice<UInt8>) {
        guard line.starts(with: Self.start), JournalLine.checksum(of: line) != nil,
            let fields = try? ControlCoding.decode(Fields.self, from: Array(line))
        else { return nil }
        self.init(previousSequence: fields.previousSequence, previousChecksum: fields.previousChecksum)
    }
}

/// A line of a segment in the place of numbers that no line has: they were reserved by a run that did not end well, and
/// nobody knows which of them were given out.
package struct NumberGap: Equatable {
    /// The first and the last of them.
    package var from: UInt64
    package var to: UInt64

    private static let start = Array(#"{"type":"gap","#.utf8)

    package var line: [UInt8] {
        var object = JSONLine()
        object.add("type", "gap")
        object.add("from", from)
        object.add("to", to)
        return JournalLine.sealed(object)
    }

    package init(from: UInt64, to: UInt64) {
        self.from = from
        self.to = to
    }

    /// One that can be trusted; nil for other lines.
    package init?(_ line: ArraySlice<UInt8>) {
        guard line.starts(with: Self.start), JournalLine.checksum(of: line) != nil,
            let gap = try? ControlCoding.decode(TailGap.self, from: Array(line)), gap.from <= gap.to
        else { return nil }
        self.init(from: gap.from, to: gap.to)
    }
}

/// The names in the journal folder.
///
/// The number in a name makes the folder's listing the index: sorted names are sorted numbers, up to 10^12.
package enum JournalNames {
    /// A link for `tail -F`; nothing of ours reads it.
    package static let current = "current.jsonl"
    private static let suffix = ".jsonl"
    /// Of the marks that a start leaves beside what it found damaged, until somebody has looked and removed them.
    package static let damagedSuffix = ".damaged"

    package static func segment(first sequence: UInt64) -> String { padded(sequence) + suffix }
    package static func torn(at sequence: UInt64) -> String { "torn-\(sequence).bin" }
    package static func spare(_ number: Int) -> String { "spare-\(number)" }
    package static func damaged(first sequence: UInt64) -> String { padded(sequence) + damagedSuffix }

    /// No journal has come this far, nor can JSON's readers hold more: what claims to have is not believed at a start,
    /// so that numbers neither jump there nor run out.
    package static let greatestBelieved: UInt64 = 1 << 53
    /// A longer file is no segment: its limit, and the longest lines that may be held while the disk fails, are below.
    package static let mostBytes = 16 << 30
    /// Longer lines are none of ours.
    package static let mostLineBytes = 1 << 20

    /// The first sequence number of a segment, by its name; nil for other files.
    package static func first(of name: String) -> UInt64? {
        guard name.hasSuffix(suffix), name.utf8.count >= 12 + suffix.utf8.count else { return nil }
        let digits = name.dropLast(suffix.count)
        guard digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
        return JournalLine.sequence(digits)
    }

    /// The number of a spare segment, by its name; nil for other files.
    package static func spare(_ name: String) -> Int? {
        name.hasPrefix("spare-") ? Int(name.dropFirst("spare-".count)).flatMap { $0 > 0 ? $0 : nil } : nil
    }

    /// The number that was next when something was set aside (`torn-17.bin`, `torn-17-1.bin`), by its name; nil for
    /// other files.
    package static func setAside(_ name: String) -> UInt64? {
        guard name.hasPrefix("torn-"), name.hasSuffix(".bin") else { return nil }
        return UInt64(name.dropFirst("torn-".count).prefix { $0.isASCII && $0.isNumber })
    }

    private static func padded(_ sequence: UInt64) -> String {
        let digits = "\(sequence)"
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
