import Platform

/// Hands parts from the capture threads, and triggers from anywhere, to the inspection thread.
///
/// The lock and the waits around ``PartQueueStateMachine``, which has all rules. Every change wakes everybody who
/// waits: a handful of threads.
package final class PartQueue: Sendable {
    private let state = Monitor(PartQueueStateMachine())

    package init() {}

    package func open(_ lane: LaneID, camera: String, policy: LanePolicy) {
        state.withLock { $0.open(lane, camera: camera, policy: policy) }
    }

    /// Blocks while the lane's policy says so.
    ///
    /// - Returns: false when the lane is closed.
    @discardableResult
    package func push(_ part: Part, to lane: LaneID) -> Bool {
        let action = state.wait { queue in
            let action = queue.push(part, to: lane)
            return action == .wait ? nil : action
        }
        return action != .refused
    }

    /// Makes a trigger wait for its frame. The ticket is answered later, also when there is no camera.
    /// Never blocks.
    package func trigger(_ ticket: TriggerTicket, in lane: LaneID) throws(TriggerRefusal) {
        if let refusal = state.withLock({ $0.trigger(ticket, in: lane) }) { throw refusal }
    }

    /// A trigger that will get no frame is answered in its turn. Never blocks.
    ///
    /// - Returns: false = there is no place for it, and it gets no line in the journal.
    func refuse(_ ticket: TriggerTicket, _ invalidity: Invalidity, in lane: LaneID) -> Bool {
        state.withLock { $0.refuse(ticket, invalidity, in: lane) }
    }

    /// Whether a trigger would be taken now, or the lane's source feeds it by itself.
    func hasPlace(in lane: LaneID) -> Bool { state.read { $0.hasPlace(in: lane) } }

    /// Tells those who wait for a frame that there is no camera.
    package func lose(_ lane: LaneID, reason: String) {
        state.withLock { $0.lose(lane, reason: reason) }
    }

    /// Blocks until the parts of a closed lane have their verdicts.
    func waitUntilInspected(_ lane: LaneID) {
        _ = state.wait { $0.isInspected(lane) ? true : nil }
    }

    /// Who waits in ``push(_:to:)`` is refused, whose trigger waits is answered; parts that wait are still given out.
    package func close(_ lane: LaneID, reason: String) {
        state.withLock { $0.close(lane, reason: reason) }
    }

    /// Lets ``pop()`` come to an end once every lane is closed and empty.
    package func close() {
        state.withLock { $0.close() }
    }

    /// Blocks until there is a part, or a trigger that waited for too long. One thread calls this: asking for the next
    /// part is also its word that the one before has its verdict.
    ///
    /// - Returns: nil at the end.
    package func pop() -> Part? {
        // Who asks for the next part has done with the one before.
        state.withLock { $0.release() }
        var deadline: ContinuousClock.Instant?
        while true {
            let timeout = deadline.map { max(.zero, $0 - .now) }
            let action = state.wait(timeout: timeout) { [deadline] queue -> PartQueueStateMachine.PopAction? in
                let action = queue.pop(at: .now)
                // An earlier deadline means a shorter wait.
                if case .wait(let until) = action, until == deadline { return nil }
                return action
            }
            switch action {
            case .part(let part): return part
            case .finished: return nil
            case .wait(let until): deadline = until
            case nil: continue
            }
        }
    }

    /// Blocks until a part is in hand, and it is known which one ``pop()`` gives next.
    ///
    /// - Parameter known: the ``Part/order`` of one that is not asked for again.
    /// - Returns: nil at the end.
    func next(after known: UInt64) -> Part? {
        let action = state.wait { queue -> PartQueueStateMachine.PopAction? in
            if queue.isFinished { return .finished }
            return queue.next.flatMap { $0.order == known ? nil : .part($0) }
        }
        return if case .part(let part) = action { part } else { nil }
    }

    /// Parts that wait for their inspection.
    package func waiting(in lane: LaneID) -> Int { state.read { $0.waiting(in: lane) } }

    /// Frames that newer ones replaced.
    package func dropped(in lane: LaneID) -> UInt64 { state.read { $0.dropped(in: lane) } }
}
