import Capture
import Core

/// What a lane of the queue does when it is full.
package enum LanePolicy: Sendable, Equatable {
    /// A free-running camera: one frame waits, a newer one takes its place, and the loss is counted.
    case newest
    /// Parts of which each gets a verdict: the source waits while `capacity` of them do.
    case everyPart(capacity: Int)
    /// Only frames that a trigger waits for are taken.
    case triggered
}

/// Tells one run of a camera from the next one.
package struct LaneID: Hashable, Sendable {
    let number: UInt64

    package init(_ number: UInt64) { self.number = number }
}

/// The rules of the queue, without threads and locks: a lane a camera, served in turn.
///
/// Every part that was accepted is popped once, every ticket that was accepted comes out with a part, whatever is
/// closed or lost meanwhile. Bounded by number and by bytes.
package struct PartQueueStateMachine {
    package enum PushAction: Equatable {
        case accepted
        /// Took the place of a frame that is lost now.
        case replaced
        /// No trigger waits for this frame.
        case unwanted
        /// No room: push again when a part was popped.
        case wait
        /// The lane is closed; the frame is not wanted.
        case refused
    }

    package enum PopAction {
        case part(Part)
        /// Nothing is there yet; at that time a trigger's patience is over.
        case wait(until: ContinuousClock.Instant?)
        /// Closed, and everything that was accepted was popped.
        case finished
    }

    private struct Lane {
        let id: LaneID
        let camera: String
        let policy: LanePolicy
        /// In order; with `newest` one at most.
        var parts: [Part] = []
        /// Triggers whose frame has not come.
        var desk = TriggerDesk()
        /// Why there is no camera.
        var absence: String?
        var isClosed = false
        var dropped: UInt64 = 0

        /// Triggers; those with a frame count, too: each is an inspection that the next one has to wait for.
        var waiting: Int { desk.waiting.count + parts.count }

        /// As parts without a frame: through the inspection like all others, so that they are journalled before they
        /// are answered.
        mutating func refuse(_ tickets: [TriggerTicket], _ invalidity: Invalidity) {
            for ticket in tickets {
                var part = Part(camera: camera, recipe: ticket.recipe, frame: .failure(invalidity))
                part.trigger = ticket
                parts.append(part)
            }
        }
    }

    /// Triggers of a camera that may wait for frame and inspection.
    package static let triggerLimit = 64

    /// Parts that may wait where some of them were refused.
    static let refusalLimit = 2048

    /// Bytes of the pictures that may wait in all lanes together where every part counts, 64 full frames of a few cameras
    /// would be more than a small computer has. One picture a lane may always wait.
    package static let byteLimit = 256 << 20

    private var lanes: [Lane] = []
    /// Whose part was popped last and is being inspected.
    private var inHand: LaneID?
    /// The lane that was served last.
    private var turn = 0
    private var isClosed = false
    /// Of frames that were offered: each has another number.
    private var pushes: UInt64 = 0

    package init() {}

    package mutating func open(_ id: LaneID, camera: String, policy: LanePolicy) {
        lanes.append(Lane(id: id, camera: camera, policy: policy))
    }

    package mutating func push(_ part: Part, to id: LaneID) -> PushAction {
        guard let index = index(of: id), !lanes[index].isClosed else { return .refused }
        lanes[index].absence = nil
        pushes += 1
        var part = part
        part.order = pushes
        switch lanes[index].policy {
        // The part that is replaced was not promised to anybody.
        case .newest:
            let replaces = !lanes[index].parts.isEmpty
            lanes[index].parts = [part]
            lanes[index].dropped += replaces ? 1 : 0
            return replaces ? .replaced : .accepted
        case .everyPart(let capacity):
            guard lanes[index].parts.count < capacity, hasRoom(for: part, in: lanes[index]) else { return .wait }
            lanes[index].parts.append(part)
            return .accepted
        case .triggered:
            guard case .success(let frame) = part.frame, lanes[index].desk.wants(exposedAt: frame.exposedAt) else {
                return .unwanted
            }
            // Before the ticket is claimed: one that was claimed would have lost its place.
            guard hasRoom(for: part, in: lanes[index]) else { return .wait }
            guard let ticket = lanes[index].desk.claim(exposedAt: frame.exposedAt) else { return .unwanted }
            lanes[index].parts.append(part.claimed(by: ticket))
            return .accepted
        }
    }

    /// - Precondition: the lane's policy is `.triggered`.
    package mutating func trigger(_ ticket: TriggerTicket, in id: LaneID) -> TriggerRefusal? {
        guard let index = index(of: id), !lanes[index].isClosed, !isClosed else { return .stopping }
        precondition(lanes[index].policy == .triggered, "trigger for the free-running \(lanes[index].camera)")
        guard hasPlace(in: id) else { return .busy(camera: lanes[index].camera, waiting: lanes[index].waiting) }
        if let absence = lanes[index].absence {
            lanes[index].refuse([ticket], Invalidity(.cameraLost, absence))
        } else {
            lanes[index].desk.add(ticket)
        }
        return nil
    }

    /// Whether a trigger would be taken now; other lanes always have room, or their source waits for it.
    package func hasPlace(in id: LaneID) -> Bool {
        guard let index = index(of: id), !lanes[index].isClosed, !isClosed else { return false }
        guard lanes[index].policy == .triggered else { return true }
        let waiting = lanes[index].waiting
        return waiting < Self.triggerLimit && (waiting == 0 || waitingBytes < Self.byteLimit)
    }

    /// - Returns: whether there was a place for it.
    package mutating func refuse(_ ticket: TriggerTicket, _ invalidity: Invalidity, in id: LaneID) -> Bool {
        guard let index = index(of: id), !lanes[index].isClosed, lanes[index].parts.count < Self.refusalLimit else {
            return false
        }
        lanes[index].refuse([ticket], invalidity)
        return true
    }

    /// There is no camera until the next frame: those who wait for one are told at once.
    package mutating func lose(_ id: LaneID, reason: String) {
        guard let index = index(of: id) else { return }
        lanes[index].absence = reason
        lanes[index].refuse(lanes[index].desk.drain(), Invalidity(.cameraLost, reason))
    }

    /// Refuses new frames of a lane; those that wait are still given out.
    package mutating func close(_ id: LaneID, reason: String) {
        lose(id, reason: reason)
        if let index = index(of: id) { lanes[index].isClosed = true }
    }

    /// No lane will be opened any more.
    package mutating func close() { isClosed = true }

    package mutating func pop(at now: ContinuousClock.Instant) -> PopAction {
        for index in lanes.indices {
            // Of all lanes, also of those whose turn it is not.
            let late = lanes[index].desk.expired(at: now)
            lanes[index].refuse(late, Invalidity(.deadlineMissed, "no frame came in time"))
        }
        // Nothing is left to give out, and `isInspected` takes an unknown lane for done.
        lanes.removeAll { $0.isClosed && $0.parts.isEmpty }
        if let index = nextLane {
            turn = index
            inHand = lanes[index].id
            var part = lanes[index].parts.removeFirst()
            part.lane = lanes[index].id
            return .part(part)
        }
        if isFinished { return .finished }
        return .wait(until: lanes.compactMap(\.desk.nextDeadline).min())
    }

    /// The part that was popped last has its verdict.
    package mutating func release() { inHand = nil }

    /// What ``pop(at:)`` would give next, while another part is in hand; nil where a newer frame may still take its place.
    package var next: Part? {
        guard inHand != nil, let index = nextLane, lanes[index].policy != .newest else { return nil }
        return lanes[index].parts[0]
    }

    /// Nothing is left to be popped, and nothing will come.
    package var isFinished: Bool { isClosed && lanes.allSatisfy { $0.isClosed && $0.parts.isEmpty } }

    /// Begins behind the lane served last: a camera that is always full keeps no other waiting.
    private var nextLane: Int? {
        lanes.indices.lazy.map { (turn + 1 + $0) % lanes.count }.first { !lanes[$0].parts.isEmpty }
    }

    /// Whether the last part of a closed lane has its verdict.
    package func isInspected(_ id: LaneID) -> Bool {
        inHand != id && index(of: id).map { lanes[$0].isClosed && lanes[$0].parts.isEmpty } ?? true
    }

    /// Parts of a lane that wait for their inspection.
    package func waiting(in id: LaneID) -> Int { index(of: id).map { lanes[$0].parts.count } ?? 0 }

    private func hasRoom(for part: Part, in lane: Lane) -> Bool {
        lane.parts.isEmpty || waitingBytes + part.pictureBytes <= Self.byteLimit
    }

    private var waitingBytes: Int { lanes.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.pictureBytes } } }

    /// Frames that newer ones replaced.
    package func dropped(in id: LaneID) -> UInt64 { index(of: id).map { lanes[$0].dropped } ?? 0 }

    private func index(of id: LaneID) -> Int? { lanes.firstIndex { $0.id == id } }
}

extension Part {
    fileprivate var pictureBytes: Int {
        guard case .success(let frame) = frame, case .success(let picture) = frame.payload else { return 0 }
        return picture.bytes.count
    }

    fileprivate func claimed(by ticket: TriggerTicket) -> Part {
        var part = Part(camera: camera, recipe: ticket.recipe, frame: frame)
        part.size = size
        part.order = order
        part.repeats = repeats
        part.deadline = ticket.deadline
        part.trigger = ticket
        return part
    }
}
