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

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
