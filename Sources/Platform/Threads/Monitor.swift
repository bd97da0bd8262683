import Glibc

/// A value that threads share, and the means to wait until it is in some state: one mutex and one condition variable on
/// the monotonic clock (Foundation's waits by the wall clock, which jumps).
///
/// For threads that may block. Nothing on the cooperative pool may call `wait`.
package final class Monitor<State>: @unchecked Sendable {
    // Safety: `state` is touched with `mutex` held, and nowhere else.
    private var state: State
    // Allocated, because they must stay where they are: a property of Swift has no address that lasts.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Changes or reads the value, then wakes everybody who waits for a change of it. `body` is short, waits for
    /// nothing and does not come back to this monitor: the mutex is not recursive.
    package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return body(&state)
    }

    /// Reads the value and wakes nobody.
    package func read<Result>(_ body: (State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(state)
    }

    /// Blocks until `body` gives a value, or `timeout` is over (nil = never); what `body` changed wakes the others.
    ///
    /// - Parameter body: called with the lock, at once and after every change, until it gives a value. The threads that
    ///   wait are woken in no order.
    package func wait<Result>(timeout: Duration? = nil, until body: (inout State) -> Result?) -> Result? {
        // Worked out once: being woken in between makes the wait no longer.
        var deadline = timespec()
        if let timeout { deadline = Self.deadline(after: timeout) }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) {
                pthread_cond_broadcast(condition)
                return result
            }
            guard timeout != nil else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            guard pthread_cond_timedwait(condition, mutex, &deadline) != ETIMEDOUT else {
                // A last look; it, too, may change what others wait for.
                let result = body(&state)
                if result != nil { pthread_cond_broadcast(condition) }
                return result
            }
        }
    }

    private static func deadline(after timeout: Duration) -> timespec {
        let (seconds, attoseconds) = timeout.components
        let now = MonotonicTime.nanoseconds
        let nanoseconds = now % 1_000_000_000 + attoseconds / 1_000_000_000
        return timespec(
            tv_sec: Int(now / 1_000_000_000 + seconds + nanoseconds / 1_000_000_000),
            tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}
