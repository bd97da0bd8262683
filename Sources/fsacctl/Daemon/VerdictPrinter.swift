import ArgumentParser
import ControlProtocol

/// Writes the lines of `history` and `tail`, and keeps the place behind the last one.
struct VerdictPrinter {
    let json: Bool
    /// Sequence number to go on with after a broken connection.
    var next: UInt64 = 1

    init(json: Bool) {
        self.json = json
    }

    private struct Place: Decodable {
        var seq: UInt64
    }

    mutating func show(_ line: [UInt8]) throws {
        let text: String
        if let gap = try? ControlCoding.decode(TailGap.self, from: line) {
            next = gap.to + 1
            text = Style.doubtful("verdicts \(gap.from) to \(gap.to) are no longer in the journal\n")
        } else if json {
            next = try ControlCoding.decode(Place.self, from: line).seq + 1
            text = ""
        } else {
            let record = try ControlCoding.decode(InspectionRecord.self, from: line)
            next = record.seq + 1
            text = VerdictLineView(record: record).text
        }
        let isRead = Terminal.write(json ? String(decoding: line, as: UTF8.self) + "\n" : text)
        // Whoever read our output has had enough: `fsacctl tail -f | head`.
        guard isRead else { throw ExitCode.success }
    }
}
