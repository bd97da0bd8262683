import Synchronization

/// Threads that help others to compute, with the priority of who asks: inspection's helpers are not those of a fit.
///
/// They are kept between computations, because starting one costs as much as a small computation takes. There is a pool for
/// each niceness, because a thread can lower its priority and never raise it again.
/// Libdispatch's threads were tried: they compute at the process's priority, whoever asks.
package final class WorkerPool: Sendable {
    private struct Job {
        let id: UInt64
        /// Helpers that may still join.
        var places: Int
        var helping = 0
        let work: @Sendable () -> Void
    }

    private struct State {
        /// Of callers that are still in ``perform(helpers:_:)``, the oldest first.
        var jobs: [Job] = []
        var nextID: UInt64 = 0
        var threads = 0

        /// Takes a place in the oldest job that has one.
        mutating func join() -> (id: UInt64, work: @Sendable () -> Void)? {
            guard let index = jobs.firstIndex(where: { $0.places > 0 }) else { return nil }
            jobs[index].places -= 1
            jobs[index].helping += 1
            return (jobs[index].id, jobs[index].work)
        }
    }

    private static let pools = Mutex<[CInt: WorkerPool]>([:])

    private let niceness: CInt
    private let state = Monitor(State())

    private init(niceness: CInt) { self.niceness = niceness }

    /// The one for threads with the priority of the calling one.
    private static var own: WorkerPool {
        let niceness = NamedThread.niceness
        return pools.withLock { pools in
            if let pool = pools[niceness] { return pool }
            let pool = WorkerPool(niceness: niceness)
            pools[niceness] = pool
            return pool
        }
    }

    /// Runs `work` on the calling thread and on at most `helpers` others at once; returns when none of them is in it.
    ///
    /// A helper that comes too late does not run it at all: `work` takes what is left to do as it finds it, and ends
    /// when nothing is. The caller always works itself, so that work within work comes to its end also when no helper
    /// is free.
    package static func perform(helpers: Int, _ work: @escaping @Sendable () -> Void) {
        guard helpers > 0 else { return work() }
        own.perform(helpers: helpers, work)
    }

    private func perform(helpers: Int, _ work: @escaping @Sendable () -> Void) {
        let (id, missing) = state.withLock { state in
            state.nextID += 1
            state.jobs.append(Job(id: state.nextID, places: helpers, work: work))
            let wanted = state.jobs.reduce(0) { $0 + $1.places + $1.helping }
            let missing = max(0, wanted - state.threads)
            state.threads += missing
            return (state.nextID, missing)
        }
        // They begin with the caller's niceness, and keep it: the pool is chosen by it.
        for _ in 0..<missing { NamedThread.start("fsac-help", niceness: niceness) { self.helpForEver() } }
        work()
        // First no more may join, then those who did have to leave.
        _ = state.wait { state -> Void? in
            guard let index = state.jobs.firstIndex(where: { $0.id == id }) else { return () }
            state.jobs[index].places = 0
            guard state.jobs[index].helping == 0 else { return nil }
            state.jobs.remove(at: index)
            return ()
        }
    }

    private func helpForEver() {
        while true {
            guard let id = helpOnce() else { continue }
            state.withLock { state in
                if let index = state.jobs.firstIndex(where: { $0.id == id }) { state.jobs[index].helping -= 1 }
            }
        }
    }

    /// The work is let go of before anybody hears that it is done: it may refer to what its caller frees then.
    private func helpOnce() -> UInt64? {
        guard let (id, work) = state.wait(until: { $0.join() }) else { return nil }
        work()
        return id
    }
}
