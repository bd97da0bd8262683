/// Threads for work that waits for the disk or computes for long: an event loop or the cooperative pool (two threads on a
/// line PC) would stand still.
///
/// Two lanes, so that a question about the line's health never waits behind a score. Nothing bounds a lane's queue but the
/// control socket's `max_connections`: each of its requests has one piece of work here at a time, and so has the operation that
/// makes shots of pictures.
///
/// Work must not wait for other work of its lane: two such pieces would hold both threads for ever. Threads are started
/// when they are needed and stay.
package final class WorkLane: Sendable {
    /// What is answered at once: status, health, journal lines, small files.
    package static let quick = WorkLane("fsac-quick", threads: 2)
    /// What may take seconds: scores, installed models, copies, a new configuration. Behind inspection.
    package static let slow = WorkLane("fsac-slow", threads: 2, niceness: 5)

    private struct State {
        var waiting: [@Sendable () -> Void] = []
        /// Threads.
        var started = 0
        /// Threads that wait, or were just woken: one more is started only when more work waits than there are of
        /// these.
        var idle = 0
        /// Pieces of work that were begun, ever.
        var begun: UInt64 = 0
        /// When those began that are being done.
        var running: [UInt64: ContinuousClock.Instant] = [:]
    }

    private let name: String
    private let threads: Int
    private let niceness: CInt
    private let state = Monitor(State())

    package init(_ name: String, threads: Int, niceness: CInt = 0) {
        self.name = name
        self.threads = threads
        self.niceness = niceness
    }

    /// Runs `work` when its turn comes. It runs to its end also when the caller's task is cancelled.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            add { continuation.resume(with: Result(catching: work)) }
        }
    }

    private func add(_ work: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.waiting.append(work)
            guard state.started < threads, state.waiting.count > state.idle else { return false }
            state.started += 1
            return true
        }
        if needsThread { NamedThread.start(name, niceness: niceness) { self.workForEver() } }
    }

    private func workForEver() {
        while true {
            state.withLock { $0.idle += 1 }
            let next = state.wait { state -> (number: UInt64, work: @Sendable () -> Void)? in
                guard !state.waiting.isEmpty else { return nil }
                state.idle -= 1
                state.begun += 1
                state.running[state.begun] = .now
                return (state.begun, state.waiting.removeFirst())
            }
            guard let next else { continue }
            next.work()
            state.withLock { $0.running[next.number] = nil }
        }
    }

    /// For how long no thread of the lane has taken another piece of work, because all of them are at one; nil while one is
    /// free.
    package var standstill: Duration? {
        state.read { state in
            guard state.running.count == threads, let newest = state.running.values.max() else { return nil }
            return ContinuousClock.now - newest
        }
    }
}
