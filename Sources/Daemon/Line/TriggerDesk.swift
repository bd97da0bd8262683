package import Capture

/// The triggers of one camera that wait for their frames, without threads and locks.
///
/// A frame shows a part when its exposure began after the trigger; each frame serves one trigger, the oldest first.
package struct TriggerDesk {
    /// By the time of the trigger, oldest first: the first frame is for it.
    package private(set) var waiting: [TriggerTicket] = []

    package init() {}

    /// Two requests at once may reach the desk in the wrong order.
    package mutating func add(_ ticket: TriggerTicket) {
        let place = waiting.lastIndex { $0.triggeredAt <= ticket.triggeredAt }.map { $0 + 1 } ?? 0
        waiting.insert(ticket, at: place)
    }

    package func wants(exposedAt: ContinuousClock.Instant) -> Bool {
        waiting.first.map { exposedAt >= $0.triggeredAt } ?? false
    }

    /// The trigger that a frame is for, which no longer waits then; nil = nobody wanted the frame.
    package mutating func claim(exposedAt: ContinuousClock.Instant) -> TriggerTicket? {
        wants(exposedAt: exposedAt) ? waiting.removeFirst() : nil
    }

    /// Takes out the triggers whose deadline is over.
    package mutating func expired(at now: ContinuousClock.Instant) -> [TriggerTicket] {
        let expired = waiting.filter { $0.deadline <= now }
        if !expired.isEmpty { waiting.removeAll { $0.deadline <= now } }
        return expired
    }

    /// Takes out all of them: no frame can come.
    package mutating func drain() -> [TriggerTicket] {
        defer { waiting = [] }
        return waiting
    }

    package var nextDeadline: ContinuousClock.Instant? { waiting.map(\.deadline).min() }
}

/// Which frames become parts where nobody asks for one by name. Lives on the capture thread.
/// Sees every frame in order, also those with a fault.
package struct FrameSelection {
    package enum Rule {
        case everyFrame
        /// The first frame after each due time.
        case interval(Duration)
        /// Tells of each frame whether it shows a part that has just come to rest, and whether it shows nothing at all and
        /// somebody should hear of it.
        case atRest((Frame) -> (isAtRest: Bool, isBlind: Bool))
    }

    private let rule: Rule
    private var due: ContinuousClock.Instant?
    /// Of the last frame that was wanted: because nothing can be seen in it.
    package private(set) var isBlind = false

    package init(_ rule: Rule) {
        self.rule = rule
    }

    package mutating func wants(_ frame: Frame) -> Bool {
        switch rule {
        case .everyFrame: return true
        case .atRest(let look):
            let seen = look(frame)
            isBlind = seen.isBlind
            return seen.isAtRest || seen.isBlind
        case .interval(let period):
            // By the exposure, not by when this side saw it: pace does not depend on how busy the computer is.
            let due = due ?? frame.exposedAt
            guard frame.exposedAt >= due else { return false }
            // After a gap it goes on from the frame that ended it: missed times are not made up for.
            self.due = frame.exposedAt - due < period ? due + period : frame.exposedAt + period
            return true
        }
    }
}
