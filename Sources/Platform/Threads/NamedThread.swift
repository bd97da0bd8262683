import Foundation

/// A thread of its own for work that blocks or computes, named as `top -H` shows it.
package enum NamedThread {
    /// Runs `body` on a new thread and waits for its end without blocking the caller's.
    /// Cancelling the task does not end `body`: it has to be told by other means.
    ///
    /// - Parameters as those of ``start(_:niceness:_:)``.
    package static func run(_ name: String, niceness: CInt = 0, _ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            start(name, niceness: niceness) {
                body()
                continuation.resume()
            }
        }
    }

    /// Runs `body` on a new thread.
    ///
    /// - Parameters:
    ///   - name: at most 15 bytes, the system's limit.
    ///   - niceness: -20 (where the system allows it) to 19 (lowest priority); 0 = as the thread that starts it, for Linux hands
    ///     a thread's own on.
    package static func start(_ name: String, niceness: CInt = 0, _ body: @escaping @Sendable () -> Void) {
        precondition(name.utf8.count <= 15, "thread name \(name)")
        let thread = Thread {
            // From within: set before the start, the name does not reach the system.
            Thread.current.name = name
            // On Linux this is the priority of the calling thread alone; it can always be lowered; raising
            // it is a wish.
            if niceness != 0 { _ = setpriority(numericCast(PRIO_PROCESS.rawValue), 0, niceness) }
            body()
        }
        // Foundation's default is the limit of the shell that started the daemon.
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Of the calling thread: what ``start(_:niceness:_:)`` gave it, on top of the daemon's own.
    package static var niceness: CInt { getpriority(numericCast(PRIO_PROCESS.rawValue), 0) }
}
