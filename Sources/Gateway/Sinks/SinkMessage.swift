package import ControlProtocol

/// The journals of the daemon that a sink may get.
package enum JournalKind: String, Codable, Sendable, CaseIterable {
    case verdicts
    case events
}

/// A place in a journal: everything up to that number.
package struct SinkPlace: Codable, Sendable, Equatable {
    /// The id of the journal; a number is one of that journal alone.
    package var journal: String
    package var seq: UInt64

    package init(journal: String, seq: UInt64) {
        self.journal = journal
        self.seq = seq
    }
}

/// What is delivered, or not, as a whole.
package struct SinkMessage: Sendable, Equatable {
    package enum Subject: Sendable, Equatable {
        case verdict(Verdict, camera: String)
        /// An alarm of parts, or that somebody saw it.
        case alarm
        /// What the journals come to, to be kept.
        case anchor
        /// Every other event.
        case event
        /// Numbers whose lines never come.
        case gap
    }

    package let subject: Subject
    /// The line's number, with the id of its journal: the key by which a receiver knows a line that it has. Of a gap the last number,
    /// or 0.
    package let place: SinkPlace
    /// The line's number, and of a gap its first.
    package let first: UInt64
    /// One JSON object without a line end.
    package let payload: [UInt8]
}

/// A line as the daemon sends it.
package enum FeedLine: Sendable, Equatable {
    case verdict(seq: UInt64, Verdict, camera: String, bytes: [UInt8])
    case event(seq: UInt64, EventRecord.Kind?, bytes: [UInt8])
    case gap(from: UInt64, to: UInt64)

    private struct Fields: Decodable {
        var seq: UInt64?
        var camera: String?
        var verdict: Verdict?
        var event: String?
        var type: TailGap.Kind?
        var from: UInt64?
        var to: UInt64?
    }

    /// - Throws: when it is none that this version knows.
    package init(_ bytes: [UInt8]) throws {
        let fields = try ControlCoding.decode(Fields.self, from: bytes)
        switch fields {
        case _ where fields.type == .gap:
            guard let from = fields.from, let to = fields.to, from <= to else { throw NoLine() }
            self = .gap(from: from, to: to)
        case _ where fields.verdict != nil:
            guard let seq = fields.seq, let verdict = fields.verdict, let camera = fields.camera else { throw NoLine() }
            self = .verdict(seq: seq, verdict, camera: camera, bytes: bytes)
        default:
            guard let seq = fields.seq, let event = fields.event else { throw NoLine() }
            // A kind that this version does not know is an event all the same.
            self = .event(seq: seq, EventRecord.Kind(rawValue: event), bytes: bytes)
        }
    }

    /// The last number that it tells of.
    package var last: UInt64 {
        switch self {
        case .verdict(let seq, _, _, _), .event(let seq, _, _): seq
        case .gap(_, let to): to
        }
    }
}

package struct NoLine: Error, CustomStringConvertible {
    package var description: String { "expected a line of the journal, got other JSON" }
}

extension SinkMessage {
    /// A line with what tells it from those of other journals and stations in front. Its checksum, which is of the line alone, stays
    /// behind.
    package init?(_ line: FeedLine, journal: String, station: String) {
        let (subject, bytes): (Subject, [UInt8])
        switch line {
        case .verdict(_, let verdict, let camera, let line):
            (subject, bytes) = (.verdict(verdict, camera: camera), line)
        case .event(_, .alarm, let line), .event(_, .acknowledged, let line): (subject, bytes) = (.alarm, line)
        case .event(_, .anchor, let line): (subject, bytes) = (.anchor, line)
        case .event(_, _, let line): (subject, bytes) = (.event, line)
        case .gap: return nil
        }
        self.init(
            subject: subject, place: SinkPlace(journal: journal, seq: line.last), first: line.last,
            payload: Array(#"{"journal":"\#(journal)","station":"\#(station)","#.utf8)
                + Self.withoutChecksum(bytes).dropFirst())
    }

    /// Numbers of a journal that nobody gets: from `from` to `to`, or, without `to`, all that may have followed.
    package static func gap(of kind: JournalKind, journal: String, station: String, from: UInt64, to: UInt64?)
        -> SinkMessage
    {
        let end = to.map { #","to":\#($0)"# } ?? ""
        return SinkMessage(
            subject: .gap, place: SinkPlace(journal: journal, seq: to ?? 0), first: from,
            payload: Array(
                (#"{"journal":"\#(journal)","station":"\#(station)","type":"gap","of":"\#(kind.rawValue)","from":\#(from)"#
                    + end
                    + "}").utf8))
    }

    private static let checksumMark = Array(#","crc":""#.utf8)

    private static func withoutChecksum(_ line: [UInt8]) -> [UInt8] {
        let body = line.dropLast(checksumMark.count + 8 + 2)
        guard line[body.endIndex...].starts(with: checksumMark) else { return line }
        return body + [UInt8(ascii: "}")]
    }
}
