import Glibc

/// Moments as numbers that programs can compare.
enum MonotonicTime {
    private static let start: (instant: ContinuousClock.Instant, microseconds: Int64) = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return (.now, Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }()

    /// Of the system's `CLOCK_MONOTONIC`, with the error of one reading of two clocks.
    static func microseconds(of instant: ContinuousClock.Instant) -> Int64 {
        start.microseconds + Int64((instant - start.instant) / .microseconds(1))
    }
}
