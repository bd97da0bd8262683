import Synchronization

/// So much of something for all requests together: bytes of memory, places. What is taken comes back when its share is let go
/// of, whatever becomes of the request.
final class Budget: Sendable {
    /// Of the budget, as long as somebody holds on to it.
    final class Share: Sendable {
        private let budget: Budget
        private let amount: Int

        fileprivate init(_ budget: Budget, _ amount: Int) {
            self.budget = budget
            self.amount = amount
        }

        deinit { budget.left.withLock { $0 += amount } }
    }

    let whole: Int
    private let left: Mutex<Int>

    init(_ whole: Int) {
        self.whole = whole
        left = Mutex(whole)
    }

    /// Nil when there is not so much left.
    func take(_ amount: Int) -> Share? {
        let isThere = left.withLock { left in
            guard left >= amount else { return false }
            left -= amount
            return true
        }
        return isThere ? Share(self, amount) : nil
    }
}
