import ArgumentParser
import Foundation
import Platform

/// Where a stretch of a journal begins: a number, or a time on the clock of whoever asks.
struct Since: ExpressibleByArgument, Equatable {
    static let help = ArgumentHelp(
        "Begin with this number or time: 4711, 12:30 (the last time it was that), \"2026-11-27 06:00\", 2026-11-27.",
        valueName: "number|time")

    /// As the daemon takes it: a number, or RFC 3339 in UTC.
    let text: String

    init?(argument: String) { self.init(argument, now: .now, calendar: .current) }

    /// - Parameters:
    ///   - now: of a clock without a date, the last moment before `now` counts that it showed this time.
    ///   - calendar: with the time zone of who asks.
    init?(_ argument: String, now: Date, calendar: Calendar) {
        if let number = UInt64(argument) {
            text = "\(number)"
            return
        }
        if let time = WallTime(rfc3339: argument) {
            text = time.rfc3339
            return
        }
        guard
            let match = argument.wholeMatch(
                of: /(?:(\d{4})-(\d\d)-(\d\d))?(?:[ T](?!$))?(?:(\d{1,2}):(\d\d)(?::(\d\d))?)?/),
            match.1 != nil || match.4 != nil
        else { return nil }
        func number(_ text: Substring?) -> Int { text.flatMap { Int($0) } ?? 0 }
        var day = calendar.dateComponents([.year, .month, .day], from: now)
        if match.1 != nil { (day.year, day.month, day.day) = (number(match.1), number(match.2), number(match.3)) }
        (day.hour, day.minute, day.second) = (number(match.4), number(match.5), number(match.6))
        day.calendar = calendar
        day.timeZone = calendar.timeZone
        guard day.isValidDate, var date = calendar.date(from: day) else { return nil }
        if match.1 == nil, date > now { date = calendar.date(byAdding: .day, value: -1, to: date) ?? date }
        text = WallTime(microsecondsSince1970: Int64((date.timeIntervalSince1970 * 1e6).rounded())).rfc3339
    }
}
