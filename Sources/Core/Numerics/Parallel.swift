internal import CKernels
internal import Platform
internal import Synchronization

/// How many threads one computation may use.
///
/// Work is split into parts that are computed independently, so a result never depends on timing.
package struct Parallelism: Sendable, Equatable {
    package let threads: Int

    package init(threads: Int) {
        precondition(threads >= 1, "parallelism: \(threads) threads")
        self.threads = threads
    }

    package static let serial = Parallelism(threads: 1)

    /// One step of a computation: its parts run side by side, and the next step begins when all are done.
    package struct Phase {
        let parts: Int
        let body: (_ part: Int) -> Void
    }

    /// A phase that splits `0..<count` into at most `threads` ranges of at least `grain`.
    package func phase(
        over count: Int, grain: Int = 1, _ body: @escaping (_ part: Int, _ range: Range<Int>) -> Void
    ) -> Phase {
        let parts = max(1, min(threads, count / grain))
        return Phase(parts: parts) { part in body(part, count * part / parts..<count * (part + 1) / parts) }
    }

    /// Runs the phases in order; returns when all are done.
    ///
    /// A network has dozens of phases of less than a millisecond, and waking a thread for each would cost as much as the
    /// work. So every thread goes through all phases, takes parts as it finds them, and spins at the end of a phase. The
    /// caller does whatever nobody else has taken: no phase waits for a thread that has not started. Helpers have the
    /// caller's priority.
    package func run(_ phases: [Phase]) {
        guard threads > 1 else {
            for phase in phases { (0..<phase.parts).forEach(phase.body) }
            return
        }
        let progress = Progress(phases)
        WorkerPool.perform(helpers: threads - 1) { progress.work() }
    }

    /// Calls `body` once for each of at most `threads` ranges that make up `0..<count`; returns when all are done.
    package func forEachRange(of count: Int, grain: Int = 1, _ body: (_ part: Int, _ range: Range<Int>) -> Void) {
        withoutActuallyEscaping(body) { body in run([phase(over: count, grain: grain, body)]) }
    }
}

/// Who has taken and who has finished what.
// Safety: the parts of a phase write disjoint memory, and `finished` orders one phase before the next.
private final class Progress: @unchecked Sendable {
    private let phases: [Parallelism.Phase]
    /// The first part number of each phase, all phases counted through, and the total at the end.
    private let firstPart: [Int]
    private let taken = Atomic<Int>(0)
    private let finished = Atomic<Int>(0)

    init(_ phases: [Parallelism.Phase]) {
        self.phases = phases
        firstPart = phases.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.parts) }
    }

    func work() {
        var index = 0
        while true {
            let part = taken.add(1, ordering: .relaxed).oldValue
            while index < phases.count, part >= firstPart[index + 1] { index += 1 }
            guard index < phases.count else { return }
            wait(for: firstPart[index])
            phases[index].body(part - firstPart[index])
            finished.add(1, ordering: .acquiringAndReleasing)
        }
    }

    /// Until all parts before `count` are finished. Whoever has taken one is computing it now.
    private func wait(for count: Int) {
        var spins = 0
        while finished.load(ordering: .acquiring) < count {
            spins += 1
            fsac_spin(spins > 200)
        }
    }
}
