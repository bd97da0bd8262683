import Synchronization

/// When a loop began the piece of work that it is at. Costs a clock reading a mark and takes no lock: it can be asked while
/// the loop hangs.
///
/// The loop's thread marks, supervision asks. Relaxed, because nothing else is read by what it says.
package final class LoopProgress: Sendable {
    /// Nanoseconds of the monotonic clock; 0 = it waits.
    private let busySince = Atomic<UInt64>(0)

    package init() {}

    /// A piece of work, the next one where one was under way.
    package func begin() { busySince.store(Self.now, ordering: .relaxed) }

    /// From here on the loop waits for something to do.
    package func end() { busySince.store(0, ordering: .relaxed) }

    /// How long it has been at the same piece of work; zero while it waits.
    package var busy: Duration {
        let since = busySince.load(ordering: .relaxed)
        return since == 0 ? .zero : .nanoseconds(Int64(Self.now - min(since, Self.now)))
    }

    private static var now: UInt64 { UInt64(MonotonicTime.nanoseconds) }
}
