import ControlProtocol
import Foundation

/// A journal line as people read it: one coloured line a part.
struct VerdictLineView {
    let record: InspectionRecord

    var text: String {
        var words = [Style.faint(Self.localTime(record.time)), String(format: "%8llu", record.seq), verdict]
        if let score = record.score, let limit = record.limit {
            words.append("\(Format.score(score)) \(Self.bar(score / limit)) \(Style.faint(Format.score(limit)))")
        }
        if record.uncertain == true { words.append(Style.doubtful("uncertain")) }
        if let cause = record.cause { words.append(cause) }
        if let shift = record.sceneShift { words.append(Style.doubtful(shift)) }
        words.append(Style.faint(Format.milliseconds(record.latency.total)))
        if let part = record.part { words.append(part) }
        words.append(Style.faint(record.camera))
        return words.joined(separator: "  ") + "\n"
    }

    private var verdict: String {
        switch record.verdict {
        case .ok: Style.good("OK     ")
        case .ng: Style.bad("NG     ")
        case .invalid: Style.doubtful("INVALID")
        }
    }

    /// Score against limit in 20 cells: the limit is the mark in the middle.
    static func bar(_ ratio: Float) -> String {
        let full = Int((min(2, max(0, ratio.isFinite ? ratio : 2)) * 10).rounded())
        let cells = (0..<20).map { cell in cell < full ? "█" : "·" }
        return cells[..<10].joined() + "|" + cells[10...].joined()
    }

    /// `2026-01-02T03:04:05.678901Z` as the clock on the wall, to the millisecond.
    static func localTime(_ text: String) -> String {
        let pieces = text.dropLast().split(separator: ".")
        guard pieces.count == 2, let date = try? Date("\(pieces[0])Z", strategy: .iso8601) else { return text }
        let clock = date.formatted(
            .verbatim(
                "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
                timeZone: .current, calendar: .current))
        return "\(clock).\(pieces[1].prefix(3))"
    }
}
