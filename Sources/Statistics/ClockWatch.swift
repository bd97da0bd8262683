package import Platform

/// Sees when the clock was set: it goes on by another time than has passed.
package struct ClockWatch: Sendable {
    /// What a service that keeps the clock right does little by little, between two looks, is less by far.
    private static let tolerance: Int64 = 2_000_000

    private var last: (wall: WallTime, at: ContinuousClock.Instant)?

    package init() {}

    /// - Parameter now: of a clock that also goes on while the computer sleeps.
    /// - Returns: microseconds by which it was set ahead (or back, below 0) since the last look; nil = it was not.
    package mutating func look(_ wall: WallTime, at now: ContinuousClock.Instant) -> Int64? {
        defer { last = (wall, now) }
        guard let last else { return nil }
        let passed = Int64((now - last.at) / .microseconds(1))
        let step = wall.microsecondsSince1970 - last.wall.microsecondsSince1970 - passed
        return abs(step) > Self.tolerance ? step : nil
    }
}
