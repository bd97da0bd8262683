package import Core
import Glibc

/// What one look of the camera gave: the picture as it came, or why there is none.
package struct Frame: Sendable {
    /// The source's own name of it: the file's name, or the number that the driver gave.
    package let name: String
    /// Counted by the source from 1.
    package let number: UInt64
    package let payload: Result<Picture, FrameFault>
    /// When the picture was complete.
    package let capturedAt: ContinuousClock.Instant
    /// The earliest moment at which the exposure can have begun: a trigger before it is shown by this frame.
    package let exposedAt: ContinuousClock.Instant
    /// `capturedAt` by the wall clock. Printed, never calculated with.
    package let capturedTime: WallTime

    /// - Parameter exposedAt: nil = `capturedAt`.
    package init(
        name: String, number: UInt64, payload: Result<Picture, FrameFault>,
        capturedAt: ContinuousClock.Instant = .now, exposedAt: ContinuousClock.Instant? = nil,
        capturedTime: WallTime = .now
    ) {
        self.name = name
        self.number = number
        self.payload = payload
        self.capturedAt = capturedAt
        self.exposedAt = exposedAt ?? capturedAt
        self.capturedTime = capturedTime
    }
}

/// Why a frame came without a picture that can be believed.
package enum FrameFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file that cannot be read; the system's reason.
    case unreadable(String)
    /// The driver said that the data may be damaged (`V4L2_BUF_FLAG_ERROR`).
    case flagged
    /// Fewer bytes than the format needs.
    case short(bytes: Int, expected: Int)
    /// It was exposed too long ago to show what is there now.
    case stale(milliseconds: Int)

    /// Not of the computer, which was too slow.
    var isOfTheCamera: Bool {
        if case .stale = self { false } else { true }
    }

    package var description: String {
        switch self {
        case .unreadable(let reason): reason
        case .flagged: "the driver flagged the frame as damaged"
        case .short(let bytes, let expected): "expected \(expected) bytes, got \(bytes)"
        case .stale(let milliseconds): "the frame is \(milliseconds) ms old"
        }
    }
}

/// The time of day, as the system's clock had it.
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

    private var parts: tm {
        var (parts, seconds) = (tm(), time_t(microsecondsSince1970.flooredQuotient(by: 1_000_000)))
        gmtime_r(&seconds, &parts)
        return parts
    }

    /// RFC 3339 with microseconds, UTC: `2026-01-02T03:04:05.678901Z`.
    package var rfc3339: String {
        let (parts, fraction) = (
            parts, microsecondsSince1970 - 1_000_000 * microsecondsSince1970.flooredQuotient(by: 1_000_000)
        )
        let day =
            "\(Self.digits(parts.tm_year + 1900, 4))-\(Self.digits(parts.tm_mon + 1))-\(Self.digits(parts.tm_mday))"
        let clock = "\(Self.digits(parts.tm_hour)):\(Self.digits(parts.tm_min)):\(Self.digits(parts.tm_sec))"
        return "\(day)T\(clock).\(Self.digits(CInt(fraction), 6))Z"
    }

    /// `2026/01/02`, UTC.
    package var dayPath: String {
        let parts = parts
        return "\(Self.digits(parts.tm_year + 1900, 4))/\(Self.digits(parts.tm_mon + 1))/\(Self.digits(parts.tm_mday))"
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
