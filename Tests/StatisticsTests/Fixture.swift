import Foundation
import Journal
import JournalIndex
import Platform
import Statistics
import Synchronization
import Testing

/// What Tools/make_statistics_fixtures.py wrote.
enum Fixture {
    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: bytes(name))
    }

    static func bytes(_ name: String) throws -> Data {
        let folder = try #require(Bundle.module.resourceURL)
        return try Data(contentsOf: folder.appending(path: "Fixtures/\(name)"))
    }

    /// Some 900 lines around both changes of the clock of a year, with a clock that was set back twice.
    static func journal() throws -> ListedLines {
        let lines = try bytes("journal.jsonl").split(separator: UInt8(ascii: "\n")).map { line in
            try #require(JournalLine.verdict(Array(line)[...]), "a line whose checksum is wrong")
        }
        return ListedLines(lines)
    }
}

/// A journal in memory.
final class ListedLines: VerdictSource {
    private let lines: Mutex<[VerdictLine]>

    init(_ lines: [VerdictLine] = []) { self.lines = Mutex(lines) }

    var all: [VerdictLine] { lines.withLock { $0 } }
    var lastSequence: UInt64 { lines.withLock { $0.last?.sequence ?? 0 } }

    func lines(from first: UInt64, count: Int) -> [VerdictLine] {
        lines.withLock { Array($0.drop { $0.sequence < first }.prefix(count)) }
    }

    func lines(before end: UInt64, count: Int) -> [VerdictLine] {
        lines.withLock { Array($0.prefix { $0.sequence < end }.suffix(count)) }
    }

    func changes() -> AsyncStream<Void> { AsyncStream { $0.finish() } }

    func append(_ line: VerdictLine) { lines.withLock { $0.append(line) } }

    /// What retention does.
    func forget(before sequence: UInt64) { lines.withLock { lines in lines.removeAll { $0.sequence < sequence } } }

    /// What a power cut does.
    func lose(after sequence: UInt64) { lines.withLock { lines in lines.removeAll { $0.sequence > sequence } } }
}

extension ShiftPlan {
    static func of(_ zone: String, _ shifts: [String: String]) throws -> ShiftPlan {
        let zone = try #require(TimeZone(identifier: zone))
        return ShiftPlan(
            zone: zone,
            shifts: try shifts.map { name, time in
                let pieces = time.split(separator: ":").compactMap { Int($0) }
                return Shift(name: name, minute: try #require(pieces.count == 2 ? 60 * pieces[0] + pieces[1] : nil))
            })
    }

    static func berlin() throws -> ShiftPlan {
        try .of("Europe/Berlin", ["early": "06:00", "late": "14:00", "night": "22:00"])
    }
}

/// Microseconds since 1970.
func moment(_ text: String) throws -> Int64 { try #require(WallTime(rfc3339: text)).microsecondsSince1970 }
