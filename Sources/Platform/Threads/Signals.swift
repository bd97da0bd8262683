import Glibc
import Synchronization

/// Signals that a thread waits for, in the order in which they came.
///
/// A handler may do next to nothing, so it writes the signal's number to a pipe. No pool, queue or run loop has a part in
/// it: they arrive also when all of those hang. Signals are the process's, and so is this.
package enum Signals {
    /// -1 until something is trapped.
    private static let readEnd = Atomic<CInt>(-1)
    private static let writeEnd = Atomic<CInt>(-1)

    /// From here on these signals do nothing but wait for ``next()``. Called by one thread.
    package static func trap(_ signals: CInt...) {
        if writeEnd.load(ordering: .relaxed) < 0 {
            var ends: [CInt] = [-1, -1]
            guard pipe(&ends) == 0 else { preconditionFailure("signals: no pipe: errno \(errno)") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            // A handler must not wait: a full pipe holds more signals than anybody sends.
            _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
            readEnd.store(ends[0], ordering: .relaxed)
            writeEnd.store(ends[1], ordering: .relaxed)
        }
        for number in signals {
            signal(number) { number in
                // The handler runs between two instructions of any thread, which may be about to read its errno.
                let code = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(Signals.writeEnd.load(ordering: .relaxed), &byte, 1)
                errno = code
            }
        }
    }

    /// Blocks until one of the trapped signals comes. For one thread.
    ///
    /// - Precondition: something was trapped before.
    package static func next() -> CInt {
        while true {
            var byte: UInt8 = 0
            // Only a signal ends it early.
            if read(readEnd.load(ordering: .relaxed), &byte, 1) == 1 { return CInt(byte) }
        }
    }
}
