import ControlProtocol
import Foundation

/// The fields of a journal line that these tests look at (DESIGN, "A journal line").
struct JournalRecord: Decodable, Sendable {
    let seq: UInt64
    let frame: String
    let recipe: String
    let part: String?
    let verdict: Verdict
    let cause: String?
    let sceneShift: String?
    let generation: Int?
    let score: Float?
    let limit: Float?
    let limitBy: LimitOrigin?
    let image: String?
    let heatmap: String?

    private enum CodingKeys: String, CodingKey {
        case seq, frame, recipe, part, verdict, cause, generation, score, limit, image, heatmap
        case sceneShift = "scene_shift"
        case limitBy = "limit_by"
    }
}

/// The journal as an outsider reads it: every complete line of every segment, in order.
struct Journal {
    struct Damaged: Error, CustomStringConvertible {
        let description: String
    }

    let lines: [String]
    let records: [JournalRecord]

    /// Stands for numbers that were left out after a crash.
    private struct Gap: Decodable {
        let type: String
        let from: UInt64
        let to: UInt64
    }

    /// - Throws: ``Damaged`` when a line does not read, its checksum is wrong, or the numbers do not count up by one and
    ///   no line says which were left out.
    init(stateDirectory: String) throws {
        let folder = "\(stateDirectory)/journal"
        // No folder yet = nothing written yet.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var lines: [String] = []
        for name in names.sorted() where name.first?.isNumber == true && name.hasSuffix(".jsonl") {
            let text = String(
                decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self)
            // What follows the last line end is a line that is being written.
            lines += text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        }
        for line in lines { try Self.checkSum(line) }
        let gaps = lines.compactMap { try? JSONDecoder().decode(Gap.self, from: Data($0.utf8)) }
        // The first line of a segment says where it goes on from.
        self.lines = lines.filter { !$0.hasPrefix(#"{"type":"#) }
        records = try self.lines.map { try JSONDecoder().decode(JournalRecord.self, from: Data($0.utf8)) }
        for (before, after) in zip(records, records.dropFirst()) where after.seq != before.seq + 1 {
            if gaps.contains(where: { $0.from == before.seq + 1 && $0.to == after.seq - 1 }) { continue }
            throw Damaged(description: "the journal goes from \(before.seq) to \(after.seq)")
        }
    }

    private static func checkSum(_ line: String) throws {
        guard let mark = line.range(of: #","crc":""#, options: .backwards) else {
            throw Damaged(description: "no checksum: \(line)")
        }
        let digits = String(CRC32C.of(line[..<mark.lowerBound].utf8), radix: 16)
        let expected = String(repeating: "0", count: 8 - digits.count) + digits
        guard line[mark.upperBound...] == expected + "\"}" else {
            throw Damaged(description: "checksum: expected \(expected): \(line)")
        }
    }
}

/// CRC-32C (Castagnoli) bit by bit: an oracle that shares nothing with the daemon's table.
enum CRC32C {
    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
    }
}
