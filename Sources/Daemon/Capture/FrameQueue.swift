/// What a full queue does.
public enum FrameQueuePolicy: Sendable, Equatable {
    /// A free-running camera: one frame waits, a newer one takes its place, and the loss is counted.
    case newest
    /// Triggered parts, of which each gets a verdict: the source waits while `capacity` frames do.
    case everyFrame(capacity: Int)
}

/// The rules of the queue, without threads and locks.
package struct FrameQueueStateMachine {
    package enum PushAction: Equatable {
        case accepted
        /// Took the place of a frame that is lost now.
        case replaced
        /// No room: push again when a frame was popped.
        case wait
        /// The queue is closed; the frame is not wanted.
        case refused
    }

    package enum PopAction {
        case frame(Frame)
        /// Nothing is there yet.
        case wait
        /// Closed, and everything that was accepted was popped.
        case finished
    }

    private let policy: FrameQueuePolicy
    private var frames: [Frame] = []
    private var isClosed = false
    /// Frames that newer ones replaced.
    package private(set) var dropped: UInt64 = 0

    package init(policy: FrameQueuePolicy) {
        self.policy = policy
    }

    package mutating func push(_ frame: Frame) -> PushAction {
        guard !isClosed else { return .refused }
        switch policy {
        case .newest:
            let replaces = !frames.isEmpty
            frames = [frame]
            dropped += replaces ? 1 : 0
            return replaces ? .replaced : .accepted
        case .everyFrame(let capacity):
            guard frames.count < capacity else { return .wait }
            frames.append(frame)
            return .accepted
        }
    }

    package mutating func pop() -> PopAction {
        if !frames.isEmpty { return .frame(frames.removeFirst()) }
        return isClosed ? .finished : .wait
    }

    package mutating func close() { isClosed = true }
}

/// Hands frames from the capture thread to the inspection thread.
public final class FrameQueue: Sendable {
    private let state: Monitor<FrameQueueStateMachine>

    public init(policy: FrameQueuePolicy) {
        state = Monitor(FrameQueueStateMachine(policy: policy))
    }

    /// Blocks while the policy says so.
    ///
    /// - Returns: false when the queue is closed.
    @discardableResult
    public func push(_ frame: Frame) -> Bool {
        let action = state.wait { queue in
            let action = queue.push(frame)
            return action == .wait ? nil : action
        }
        return action != .refused
    }

    /// Blocks until there is a frame.
    ///
    /// - Returns: nil once the queue is closed and empty.
    public func pop() -> Frame? {
        let frame = state.wait { queue -> Frame?? in
            switch queue.pop() {
            case .frame(let frame): .some(frame)
            case .finished: .some(nil)
            case .wait: nil
            }
        }
        return frame ?? nil
    }

    /// Refuses new frames; those that wait are still given out.
    public func close() {
        state.withLock { $0.close() }
    }

    /// Frames that newer ones replaced.
    public var dropped: UInt64 { state.read(\.dropped) }
}
