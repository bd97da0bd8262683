/// The first line of a segment, which ties it to the one before.
/// A segment that is missing or was exchanged shows: number and checksum of the line before it are in here.
struct SegmentHeader: Equatable {
    /// A reader that finds another one does not know what the lines mean.
    static let version = 1
    static let noChecksum = "00000000"

    /// Last sequence number before this segment, 0 = none.
    var previousSequence: UInt64
    /// Digits of the checksum of that line.
    var previousChecksum: String

    var line: [UInt8] {
        var object = JSONLine()
        object.add("type", "header")
        object.add("version", Self.version)
        object.add("previous_seq", previousSequence)
        object.add("previous_crc", previousChecksum)
        return JournalLine.sealed(object)
    }

    private static let start = Array(#"{"type":"header","#.utf8)

    /// What a header says of the segment before: the digits of its last checksum.
    static func previousChecksum(in line: ArraySlice<UInt8>) -> String {
        let key = Array(#""previous_crc":""#.utf8)
        let place = line.indices.first { line[$0...].starts(with: key) }
        return place.map { String(decoding: line[($0 + key.count)...].prefix(8), as: UTF8.self) } ?? noChecksum
    }

    /// Whether a line is a header that can be trusted.
    static func isHeader(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: start) && JournalLine.checksum(of: line) != nil
    }
}

/// The names in the journal folder.
///
/// The number in a name makes the folder's listing the index: sorted names are sorted numbers, up to 10^12.
enum JournalNames {
    /// A link for `tail -F`; nothing of ours reads it.
    static let current = "current.jsonl"
    private static let suffix = ".jsonl"

    static func segment(first sequence: UInt64) -> String { padded(sequence) + suffix }
    static func torn(at sequence: UInt64) -> String { "torn-\(sequence).bin" }
    static func damaged(first sequence: UInt64) -> String { padded(sequence) + ".damaged" }

    /// No journal has come this far, nor can JSON's readers hold more: what claims to have is not believed at a start, so that
    /// numbers neither jump there nor run out.
    static let greatestBelieved: UInt64 = 1 << 53
    /// A longer file is no segment: its limit, and the longest lines that may be held while the disk fails, are below.
    static let mostBytes = 16 << 30

    /// The first sequence number of a segment, by its name; nil for other files.
    static func first(of name: String) -> UInt64? {
        guard name.hasSuffix(suffix), name.utf8.count >= 12 + suffix.utf8.count else { return nil }
        let digits = name.dropLast(suffix.count)
        guard digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
        return JournalLine.sequence(digits)
    }

    private static func padded(_ sequence: UInt64) -> String {
        let digits = "\(sequence)"
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
