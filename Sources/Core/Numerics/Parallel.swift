internal import CKernels
internal import Platform
internal import Synchronization

/// How many threads one computation may use.
///
/// Work is split into shares that are computed independently, so a result never depends on timing.
package struct Parallelism: Sendable, Equatable {
    package let threads: Int

    package init(threads: Int) {
        precondition(threads >= 1, "parallelism: \(threads) threads")
        self.threads = threads
    }

    package static let serial = Parallelism(threads: 1)

    /// One step of a computation: its shares run side by side, and the next step begins when all are done.
    package struct Phase {
        let shares: Int
        let body: (_ share: Int) -> Void
    }

    /// A phase that splits `0..<count` into at most `threads` ranges of at least `grain`.
    package func phase(
        over count: Int, grain: Int = 1, _ body: @escaping (_ share: Int, _ range: Range<Int>) -> Void
    ) -> Phase {
        let shares = max(1, min(threads, count / grain))
        return Phase(shares: shares) { share in body(share, count * share / shares..<count * (share + 1) / shares) }
    }

    /// Runs the phases in order; returns when all are done.
    ///
    /// A network has dozens of phases of less than a millisecond, and waking a thread for each would cost as much as the
    /// work. So every thread goes through all phases, takes shares as it finds them, and spins at the end of a phase. The
    /// caller does whatever nobody else has taken: no phase waits for a thread that has not started. Helpers have the
    /// caller's priority.
    package func run(_ phases: [Phase]) {
        guard threads > 1 else {
            for phase in phases { (0..<phase.shares).forEach(phase.body) }
            return
        }
        let progress = Progress(phases)
        WorkerPool.perform(helpers: threads - 1) { progress.work() }
    }

    /// Calls `body` once for each of at most `threads` ranges that make up `0..<count`; returns when all are done.
    package func forEachRange(of count: Int, grain: Int = 1, _ body: (_ share: Int, _ range: Range<Int>) -> Void) {
        withoutActuallyEscaping(body) { body in run([phase(over: count, grain: grain, body)]) }
    }
}

/// Who has taken and who has finished what.
// Safety: the shares of a phase write disjoint memory, and `finished` orders one phase before the next.
private final class Progress: @unchecked Sendable {
    private let phases: [Parallelism.Phase]
    /// The first share's number of each phase, all phases counted through, and the total at the end.
    private let firstShare: [Int]
    private let taken = Atomic<Int>(0)
    private let finished = Atomic<Int>(0)

    init(_ phases: [Parallelism.Phase]) {
        self.phases = phases
        firstShare = phases.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.shares) }
    }

    func work() {
        var index = 0
        while true {
            let share = taken.add(1, ordering: .relaxed).oldValue
            while index < phases.count, share >= firstShare[index + 1] { index += 1 }
            guard index < phases.count else { return }
            wait(for: firstShare[index])
            phases[index].body(share - firstShare[index])
            finished.add(1, ordering: .acquiringAndReleasing)
        }
    }

    /// Until all shares before `count` are finished. Whoever has taken one is computing it now.
    private func wait(for count: Int) {
        var spins = 0
        while finished.load(ordering: .acquiring) < count {
            spins += 1
            fsac_spin(spins > 200)
        }
    }
}
