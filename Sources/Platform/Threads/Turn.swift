/// One at a time, as with a mutex, and whoever waits for the turn may give up.
///
/// For threads that may block. Nothing that runs in its turn may ask for it again.
package final class Turn: Sendable {
    private let isTaken = Monitor(false)

    package init() {}

    /// Blocks until nobody else is at it, then runs `body`.
    ///
    /// - Parameter limit: nil = as long as it takes.
    /// - Returns: nil when the turn did not come in time; `body` was not run then.
    package func take<Outcome>(within limit: Duration? = nil, _ body: () throws -> Outcome) rethrows -> Outcome? {
        let turn: Void? = isTaken.wait(timeout: limit) { isTaken in
            if isTaken { return nil }
            isTaken = true
            return ()
        }
        guard turn != nil else { return nil }
        defer { isTaken.withLock { $0 = false } }
        return try body()
    }
}
