import ControlProtocol
import Foundation
import Platform

/// A journal line as people read it: one coloured line a part.
///
///     14:03:07.251      1041  OK       0.8120 ███████···|·········· 1.2310  51.5 ms  camera1
///     14:03:07.351      1042  NG       1.9700 ██████████|██████···· 1.2310  52.0 ms  A-4711  camera1
///     14:03:07.451      1043  INVALID  frame_dark: mean grey level 1.5, expected at least 4.0  1.2 ms  left.png  camera1
///
/// Of another day than today the date comes first.
///
/// What comes first has a fixed width, so that lines that come one by one stand below each other; what may be absent
/// comes after.
struct VerdictLineView {
    let record: InspectionRecord
    var now = Date.now

    var text: String {
        var words = [Style.faint(Self.localTime(record.time, now: now)), String(format: "%8llu", record.seq), verdict]
        // A muted score has no limit: it shows nothing that looks like a verdict.
        if let score = record.score, let limit = record.limit {
            words.append("\(Format.score(score)) \(Self.bar(score / limit)) \(Style.faint(Format.score(limit)))")
        }
        if let origin = record.limitBy { words.append(Style.faint("limit by \(origin.rawValue)")) }
        if record.uncertain == true { words.append(Style.doubtful("uncertain")) }
        if let cause = record.cause {
            words.append(record.detail.map { "\(cause): \(PrintableText.line($0))" } ?? cause)
        }
        if record.verdict != .invalid, record.stored == .memory { words.append(Style.doubtful("only in memory")) }
        if let shift = record.sceneShift { words.append(Style.doubtful(shift)) }
        words.append(Style.faint(Format.milliseconds(record.latency.total)))
        if let part = record.part { words.append(part) }
        // A file's name says which part it was; the number that a camera gave to a frame says nothing.
        if !record.frame.isEmpty, !record.frame.allSatisfy(\.isNumber) {
            words.append(PrintableText.line(record.frame))
        }
        words.append(Style.faint(record.camera))
        return words.joined(separator: "  ") + "\n"
    }

    private var verdict: String {
        switch record.verdict {
        // Padded before it is coloured: the codes have no width on a screen, and some in a string.
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

    /// `2026-01-02T03:04:05.678901Z` as the clock on the wall, to the millisecond, with the date unless it is today's.
    static func localTime(_ text: String, now: Date, calendar: Calendar = .current) -> String {
        let pieces = text.dropLast().split(separator: ".")
        // A time that is not as expected is shown as it came.
        guard pieces.count == 2, let date = try? Date("\(pieces[0])Z", strategy: .iso8601) else { return text }
        let clock = date.formatted(
            .verbatim(
                "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
                timeZone: calendar.timeZone, calendar: calendar))
        let time = "\(clock).\(pieces[1].prefix(3))"
        guard !calendar.isDate(date, inSameDayAs: now) else { return time }
        let day = date.formatted(
            .verbatim(
                "\(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits)", timeZone: calendar.timeZone,
                calendar: calendar))
        return "\(day) \(time)"
    }
}
