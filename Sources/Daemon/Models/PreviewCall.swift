import Synchronization

/// Somebody who waits for a preview, and may give up.
final class PreviewCall: Sendable {
    private let off = Atomic(false)

    var isOff: Bool { off.load(ordering: .acquiring) }

    func callOff() { off.store(true, ordering: .releasing) }
}

/// A preview that waits for the fits' thread.
struct Preview: Sendable {
    let call: PreviewCall
    /// Called once: on the thread, or by whoever takes it out of the queue after it was called off.
    let run: @Sendable () -> Void
}
