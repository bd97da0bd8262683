import ArgumentParser
import ControlProtocol
import Synchronization

/// Writes the lines of `history` and `tail`, and keeps the place behind the last one. It is called on the exchange's
/// thread, one line after the other; the place is read from elsewhere.
final class VerdictPrinter: Sendable {
    private let json: Bool
    private let place: Mutex<UInt64>

    /// - Parameter next: where to go on when the connection breaks before the first line.
    init(json: Bool, next: UInt64 = 1) {
        self.json = json
        place = Mutex(next)
    }

    /// Of a line that goes on as it came: one of a newer daemon, with fields that are unknown here, is shown, too.
    private struct Place: Decodable {
        var seq: UInt64
    }

    /// - Throws: `ExitCode.success` when nobody reads any more; what the decoder throws, for a line that is no verdict.
    func show(_ line: [UInt8]) throws {
        let text: String
        // A journal line has no `type`, so it is never taken for a gap.
        if let gap = try? ControlCoding.decode(TailGap.self, from: line) {
            goOn(after: gap.to)
            text = Style.doubtful("numbers \(gap.from) to \(gap.to) are not in the journal (any more)\n")
        } else if json {
            goOn(after: try ControlCoding.decode(Place.self, from: line).seq)
            text = ""
        } else {
            let record = try ControlCoding.decode(InspectionRecord.self, from: line)
            goOn(after: record.seq)
            text = VerdictLineView(record: record).text
        }
        let isRead = json ? Terminal.write(json: line) : Terminal.write(text)
        // Whoever read our output has had enough: `fsacctl tail -f | head`.
        guard isRead else { throw ExitCode.success }
    }

    /// Sequence number to go on with after a broken connection.
    var next: UInt64 { place.withLock { $0 } }

    private func goOn(after sequence: UInt64) { place.withLock { $0 = sequence + 1 } }
}
