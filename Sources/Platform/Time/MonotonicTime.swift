import Glibc

/// The kernel's monotonic clock (`CLOCK_MONOTONIC`), by which V4L2 stamps frames, systemd counts and threads wait: it never
/// jumps, and stands still while the computer sleeps. This is the only place that reads it.
package enum MonotonicTime {
    package static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Blocks the calling thread. A signal only makes it shorter.
    package static func sleep(_ duration: Duration) {
        guard duration > .zero else { return }
        let (seconds, attoseconds) = duration.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nil)
    }
}

/// One moment, read from both clocks: Swift's continuous one, which counts the time that a computer sleeps, and the kernel's
/// monotonic one, which does not. Their distance is only known for the moment at which both were read.
package struct Moment: Equatable, Sendable {
    /// For what is compared with other instants: ages, deadlines.
    package let instant: ContinuousClock.Instant
    /// By ``MonotonicTime``.
    package let microseconds: Int64

    package init(instant: ContinuousClock.Instant, microseconds: Int64) {
        self.instant = instant
        self.microseconds = microseconds
    }

    package static var now: Moment {
        // In this order a thread that is interrupted in between makes frames look older, never younger.
        let instant = ContinuousClock.now
        return Moment(instant: instant, microseconds: MonotonicTime.nanoseconds / 1000)
    }

    /// Another moment by the monotonic clock, as long as the computer did not sleep between the two.
    package func microseconds(of other: ContinuousClock.Instant) -> Int64 {
        microseconds + Int64((other - instant) / .microseconds(1))
    }
}
