import Glibc

/// What the calling thread computed, by the kernel's count: time in which it was interrupted or waited is none.
package enum ThreadTime {
    package static func milliseconds(of body: () -> Void) -> Double {
        let start = now
        body()
        return now - start
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
    }
}
