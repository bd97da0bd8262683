import Synchronization

/// When a loop began the piece of work that it is at, and how long its pieces take. Costs a clock reading a mark and takes
/// no lock: it can be asked while the loop hangs.
///
/// The loop's thread marks, supervision asks. Relaxed, because nothing else is read by what it says.
package final class LoopProgress: Sendable {
    /// Nanoseconds of the monotonic clock; 0 = it waits.
    private let busySince = Atomic<UInt64>(0)
    /// Nanoseconds that a piece took at most of late.
    private let longest = Atomic<UInt64>(0)

    package init() {}

    /// A piece of work, the next one where one was under way.
    package func begin() {
        learn()
        busySince.store(Self.now, ordering: .relaxed)
    }

    /// From here on the loop waits for something to do.
    package func end() {
        learn()
        busySince.store(0, ordering: .relaxed)
    }

    /// How long it has been at the same piece of work; zero while it waits.
    package var busy: Duration {
        let since = busySince.load(ordering: .relaxed)
        return since == 0 ? .zero : .nanoseconds(Int64(Self.now - min(since, Self.now)))
    }

    /// ``busy``, once that is longer than `patience` and three times what its pieces take: work that is slow by nature
    /// hangs later than work that is quick.
    package func hang(beyond patience: Duration) -> Duration? {
        let usual = Duration.nanoseconds(Int64(longest.load(ordering: .relaxed)))
        let busy = busy
        return busy > max(patience, usual * 3) ? busy : nil
    }

    private func learn() {
        let since = busySince.load(ordering: .relaxed)
        guard since != 0 else { return }
        let (took, known) = (Self.now - min(since, Self.now), longest.load(ordering: .relaxed))
        // In steps: what hung once, and came to its end, does not pass for usual. Forgotten as slowly as a hundred pieces.
        let new = took > known ? min(took, known + known / 2 + 250_000_000) : known - known / 32
        longest.store(new, ordering: .relaxed)
    }

    private static var now: UInt64 { UInt64(MonotonicTime.nanoseconds) }
}
