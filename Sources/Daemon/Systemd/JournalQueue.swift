import Platform

/// What is on its way to the system's journal, sent by a thread of its own.
///
/// A send blocks while the journal takes nothing (it is a datagram), and a journal that hangs must not stop the line:
/// what does not fit in the queue is dropped and counted, and the count is told once the journal takes entries again.
package final class JournalQueue: Sendable {
    /// A global, for log handlers are made everywhere and without arguments. The thread starts with the first entry.
    package static let shared = JournalQueue { $0.send() }

    private struct State {
        var waiting: [JournalEntry] = []
        var dropped = 0
        /// What was taken is not sent to its end.
        var isSending = false
    }

    private let capacity: Int
    private let state: Monitor<State>

    /// The thread lives as long as the process.
    ///
    /// - Parameters:
    ///   - capacity: entries that wait at most, beside as many that are being sent.
    ///   - send: may block.
    package init(capacity: Int = 1000, send: @escaping @Sendable (JournalEntry) -> Void) {
        self.capacity = capacity
        state = Monitor(State())
        NamedThread.start("fsac-log") { [state] in
            while true { Self.sendWhatWaits(state, send) }
        }
    }

    /// Never waits.
    package func offer(_ entry: JournalEntry) {
        state.withLock { state in
            if state.waiting.count < capacity { state.waiting.append(entry) } else { state.dropped += 1 }
        }
    }

    /// Blocks until everything is sent, at most that long.
    package func flush(within limit: Duration) {
        _ = state.wait(timeout: limit) { $0.waiting.isEmpty && !$0.isSending ? () : nil }
    }

    private static func sendWhatWaits(_ state: Monitor<State>, _ send: (JournalEntry) -> Void) {
        let taken = state.wait { state -> (entries: [JournalEntry], dropped: Int)? in
            guard !state.waiting.isEmpty else { return nil }
            // What was dropped came after what waited.
            defer { (state.waiting, state.dropped, state.isSending) = ([], 0, true) }
            return (state.waiting, state.dropped)
        }
        for entry in taken?.entries ?? [] { send(entry) }
        if let dropped = taken?.dropped, dropped > 0 {
            send(JournalEntry(.warning, "the journal took nothing for a while: \(dropped) entries are lost"))
        }
        state.withLock { $0.isSending = false }
    }
}
