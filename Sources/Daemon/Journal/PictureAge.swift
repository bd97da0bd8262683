import Platform

/// Whether the wall clock may be believed so far that pictures are removed by their age.
///
/// A clock that is wrong by a year would empty the shelf. So it counts only when it has run as evenly as the monotonic one:
/// for an hour from the start on, and for a day after it was set by more than an hour.
package struct PictureAge {
    private static let trustAfterStart = Duration.seconds(3600)
    private static let trustAfterJump = Duration.seconds(24 * 3600)
    private static let jump = Duration.seconds(3600)

    private var trustedFrom: Duration
    /// The wall clock less the monotonic one, when last looked at.
    private var offset: Duration

    /// - Parameters:
    ///   - wall: since 1970.
    ///   - monotonic: since any moment.
    package init(wall: Duration, monotonic: Duration) {
        offset = wall - monotonic
        trustedFrom = monotonic + Self.trustAfterStart
    }

    /// The day of the wall clock, as pictures' paths have it, before which pictures are too old; nil = no picture is known to
    /// be.
    ///
    /// - Parameter days: nil = none ever is.
    package mutating func oldestDay(keeping days: Int?, wall: Duration, monotonic: Duration) -> String? {
        let moved = wall - monotonic - offset
        if moved > Self.jump || moved < .zero - Self.jump {
            offset = wall - monotonic
            trustedFrom = monotonic + Self.trustAfterJump
        }
        guard let days, monotonic >= trustedFrom else { return nil }
        let day = wall.components.seconds - Int64(days) * 86_400
        return WallTime(microsecondsSince1970: day * 1_000_000).dayPath
    }
}

/// How many bytes are stored in a day, of what was stored in the last 24 hours since the start.
package struct PictureRate {
    /// By hours of the monotonic clock; at most 25.
    private var hours: [(hour: Int64, bytes: Int)] = []
    private var first: Duration?

    package init() {}

    /// - Parameter now: since any moment, by the monotonic clock.
    package mutating func add(_ bytes: Int, at now: Duration) {
        first = first ?? now
        let hour = now.components.seconds / 3600
        if hours.last?.hour == hour { hours[hours.count - 1].bytes += bytes } else { hours.append((hour, bytes)) }
        hours.removeAll { $0.hour < hour - 24 }
    }

    /// Nil before a minute has passed since the first, and when nothing came for a day.
    package func bytesADay(at now: Duration) -> Double? {
        let hour = now.components.seconds / 3600
        let recent = hours.filter { $0.hour >= hour - 24 }
        guard let first, let oldest = recent.first else { return nil }
        let start = max(first, .seconds(oldest.hour * 3600))
        guard now - start >= .seconds(60) else { return nil }
        return Double(recent.reduce(0) { $0 + $1.bytes }) / ((now - start) / .seconds(86_400))
    }
}
