/// The pulses of a reject that comes a fixed time after the trigger, without threads and clocks: every part has one in
/// it, until an OK takes it out. Times are of the monotonic clock.
package struct RejectSchedule: Sendable {
    private struct Entry {
        let number: UInt64
        let at: Duration
        /// The pulse lasts until then at least.
        var holdUntil: Duration
    }

    /// Parts between camera and ejector that can be told apart; of more, the newest become one long reject, and none is
    /// OK.
    package static let limit = 1024

    private let pulse: Duration
    private let gap: Duration
    /// In the order of their times.
    private var entries: [Entry] = []
    /// The pulse that is under way ends then.
    private var until = Duration.zero

    package init(pulse: Duration, gap: Duration) {
        self.pulse = pulse
        self.gap = gap
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// - Parameter holdUntil: of parts whose place is not known: all that passes until then is rejected.
    ///
    /// - Returns: false = it is one of too many, and can be cancelled no more.
    @discardableResult
    package mutating func add(_ number: UInt64, at time: Duration, holdUntil: Duration = .zero) -> Bool {
        guard entries.count < Self.limit else {
            entries[entries.count - 1].holdUntil = max(entries[entries.count - 1].holdUntil, time + pulse, holdUntil)
            return false
        }
        let place = entries.lastIndex { $0.at <= time }.map { $0 + 1 } ?? 0
        entries.insert(Entry(number: number, at: time, holdUntil: holdUntil), at: place)
        return true
    }

    /// All that passes from now on until then is rejected.
    package mutating func hold(until time: Duration) { until = max(until, time) }

    /// The part passes. One that others were merged with is rejected with them.
    package mutating func cancel(_ number: UInt64) {
        entries.removeAll { $0.number == number && $0.holdUntil == .zero }
    }

    package func isActive(at now: Duration) -> Bool { now < end }

    /// Takes out the parts whose time has come: the pulse begins, or goes on.
    ///
    /// - Returns: their numbers.
    package mutating func advance(to now: Duration) -> [UInt64] {
        let due = entries.prefix { $0.at <= now }
        // Its length counts from now: a pulse that begins late is as long as any.
        for entry in due { until = max(until, now + pulse, entry.holdUntil) }
        entries.removeFirst(due.count)
        return due.map(\.number)
    }

    /// Of the pulse under way. No pulse is cut for the next one, whose OK may still come: where there is no room for the
    /// pause between two they become one.
    private var end: Duration {
        guard let next = entries.first?.at, next < until + gap else { return until }
        return max(until, next)
    }

    /// When something changes next, after `now`.
    package func nextDeadline(after now: Duration) -> Duration? {
        [entries.first?.at, end].compactMap(\.self).filter { $0 > now }.min()
    }
}
