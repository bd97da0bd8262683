import ArgumentParser
import ControlClient
import ControlProtocol
import Synchronization

/// Writes the lines of a journal, and keeps the place behind the last one. It is called on the exchange's
/// thread, one line after the other; the place is read from elsewhere.
final class LinePrinter: Sendable {
    private let json: Bool
    /// A line as people read it.
    private let text: @Sendable (_ line: [UInt8]) throws -> String
    private let place: Mutex<(next: UInt64, count: Int)>

    /// - Parameter next: where to go on when the connection breaks before the first line.
    init(json: Bool, next: UInt64 = 1, _ text: @escaping @Sendable (_ line: [UInt8]) throws -> String) {
        self.json = json
        self.text = text
        place = Mutex((next, 0))
    }

    static func verdicts(json: Bool, next: UInt64 = 1) -> LinePrinter {
        LinePrinter(json: json, next: next) { line in
            VerdictLineView(record: try ControlCoding.decode(InspectionRecord.self, from: line)).text
        }
    }

    static func events(json: Bool) -> LinePrinter {
        LinePrinter(json: json) { line in
            EventLineView(record: try ControlCoding.decode(EventRecord.self, from: line)).text
        }
    }

    /// Of a line that goes on as it came: one of a newer daemon, with fields that are unknown here, is shown, too.
    private struct Place: Decodable {
        var seq: UInt64
    }

    /// - Throws: `ExitCode.success` when nobody reads any more; `unexpectedReply` for a line that is none of the kind.
    func show(_ line: [UInt8]) throws {
        let text: String
        // A journal line has no `type`, so it is never taken for a gap.
        if let gap = try? ControlCoding.decode(TailGap.self, from: line) {
            goOn(after: gap.to, by: 0)
            text = Style.doubtful("numbers \(gap.from) to \(gap.to) are not in the journal (any more)\n")
        } else {
            do {
                goOn(after: try ControlCoding.decode(Place.self, from: line).seq, by: 1)
                text = json ? "" : try self.text(line)
            } catch {
                throw DaemonError.unexpectedReply(status: 200, text: String(decoding: line.prefix(200), as: UTF8.self))
            }
        }
        let isRead = json ? Terminal.write(json: line) : Terminal.write(text)
        // Whoever read our output has had enough: `fsacctl tail -f | head`.
        guard isRead else { throw ExitCode.success }
    }

    /// Sequence number to go on with after a broken connection.
    var next: UInt64 { place.withLock { $0.next } }

    /// Lines that were shown; what is missing between them does not count.
    var count: Int { place.withLock { $0.count } }

    private func goOn(after sequence: UInt64, by count: Int) {
        place.withLock { $0 = (sequence + 1, $0.count + count) }
    }
}
