import Glibc

/// The time of day, as the system's clock had it: it jumps when that is set. Printed, and compared with the times of
/// files; what has to be measured is measured by ``MonotonicTime`` or Swift's clocks.
package struct WallTime: Sendable, Equatable {
    package let microsecondsSince1970: Int64

    package init(microsecondsSince1970: Int64) {
        self.microsecondsSince1970 = microsecondsSince1970
    }

    package static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(microsecondsSince1970: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    private var calendar: tm {
        var (calendar, seconds) = (tm(), time_t(microsecondsSince1970.flooredQuotient(by: 1_000_000)))
        gmtime_r(&seconds, &calendar)
        return calendar
    }

    /// RFC 3339 with microseconds, UTC: `2026-01-02T03:04:05.678901Z`.
    /// Always as long, so that texts are in the order of their times.
    package var rfc3339: String {
        let (calendar, fraction) = (
            calendar, microsecondsSince1970 - 1_000_000 * microsecondsSince1970.flooredQuotient(by: 1_000_000)
        )
        let day =
            "\(Self.digits(calendar.tm_year + 1900, 4))-\(Self.digits(calendar.tm_mon + 1))-\(Self.digits(calendar.tm_mday))"
        let clock = "\(Self.digits(calendar.tm_hour)):\(Self.digits(calendar.tm_min)):\(Self.digits(calendar.tm_sec))"
        return "\(day)T\(clock).\(Self.digits(CInt(fraction), 6))Z"
    }

    /// Of a time as ``rfc3339`` writes it, with any number of digits behind the seconds or none; nil for all else.
    package init?(rfc3339 text: String) {
        guard let match = text.wholeMatch(of: /(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z/) else {
            return nil
        }
        let numbers = [match.1, match.2, match.3, match.4, match.5, match.6].compactMap { CInt($0) }
        var calendar = tm()
        (calendar.tm_year, calendar.tm_mon, calendar.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
        (calendar.tm_hour, calendar.tm_min, calendar.tm_sec) = (numbers[3], numbers[4], numbers[5])
        let seconds = Int64(timegm(&calendar))
        // timegm takes the 31st of February for the 3rd of March.
        guard calendar.tm_mon == numbers[1] - 1, calendar.tm_mday == numbers[2], calendar.tm_hour == numbers[3],
            calendar.tm_min == numbers[4]
        else { return nil }
        let fraction = Int64((match.7.map(String.init) ?? "").padded(to: 6)) ?? 0
        self.init(microsecondsSince1970: seconds * 1_000_000 + fraction)
    }

    /// `2026/01/02`, UTC.
    /// Not local time, by which an hour comes twice a year.
    package var dayPath: String {
        let calendar = calendar
        return
            "\(Self.digits(calendar.tm_year + 1900, 4))/\(Self.digits(calendar.tm_mon + 1))/\(Self.digits(calendar.tm_mday))"
    }

    private static func digits(_ number: CInt, _ count: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}

extension String {
    /// Cut, or with zeros behind it.
    fileprivate func padded(to count: Int) -> String {
        String((self + String(repeating: "0", count: count)).prefix(count))
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
