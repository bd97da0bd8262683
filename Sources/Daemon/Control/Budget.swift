import Synchronization

/// So much of something for all requests together: bytes of memory, places. What is taken comes back when its share is let go
/// of, whatever becomes of the request.
final class Budget: Sendable {
    /// Of the budget, as long as somebody holds on to it.
    final class Share: Sendable {
        private let budget: Budget
        private let amount: Int
        private let holder: String?

        fileprivate init(_ budget: Budget, _ amount: Int, _ holder: String?) {
            self.budget = budget
            self.amount = amount
            self.holder = holder
        }

        deinit { budget.taken.withLock { $0.give(-amount, to: holder) } }
    }

    private struct Taken {
        var whole = 0
        /// By those who are counted.
        var by: [String: Int] = [:]

        mutating func give(_ amount: Int, to holder: String?) {
            whole += amount
            guard let holder else { return }
            let held = by[holder, default: 0] + amount
            by[holder] = held == 0 ? nil : held
        }
    }

    let whole: Int
    /// What one holder may have of it.
    let each: Int
    private let taken = Mutex(Taken())

    /// - Parameter each: nil = all of it.
    init(_ whole: Int, each: Int? = nil) {
        self.whole = whole
        self.each = each ?? whole
    }

    /// Nil when there is not so much left, or not for this holder.
    ///
    /// - Parameter holder: nil = one who is not counted.
    func take(_ amount: Int, for holder: String? = nil) -> Share? {
        let isThere = taken.withLock { taken in
            guard taken.whole + amount <= whole, holder.map({ taken.by[$0, default: 0] + amount <= each }) ?? true
            else {
                return false
            }
            taken.give(amount, to: holder)
            return true
        }
        return isThere ? Share(self, amount, holder) : nil
    }
}
