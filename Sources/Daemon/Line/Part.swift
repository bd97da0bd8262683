package import Capture
package import ControlProtocol
package import Platform

/// What gets one verdict: a frame that somebody wants, or a trigger that no frame came for.
///
/// Immutable once it is in the queue. What the queue has accepted gets a verdict; only ``LanePolicy/newest`` may put
/// another one in its place.
package struct Part: Sendable {
    package let camera: String
    /// The one in use when the part was captured or triggered.
    package let recipe: LineRecipe
    /// The run of the camera that it came from; the queue knows.
    package internal(set) var lane: LaneID?
    /// The queue's own number of its frame; 0 = it has not been in one.
    package internal(set) var order: UInt64 = 0
    /// Or why no frame came.
    package internal(set) var frame: Result<Frame, Invalidity>
    /// Size that the camera's frames must have, in pixels; nil = any.
    package var size: (height: Int, width: Int)?
    /// Frames of the camera in a row with the same bytes, this one included.
    package var repeats = 1
    /// It came to be a part because the presence of one could not be seen in it: it is never judged.
    package var isBlind = false
    /// By when the inspection has to begin; nil = whenever.
    package var deadline: ContinuousClock.Instant?
    /// Who asked for it by name.
    package var trigger: TriggerTicket?
    /// See ``number``.
    var ownNumber: UInt64?
    /// By which the camera's output lines know it; nil where nobody has told them of it.
    var number: UInt64? { trigger?.number ?? ownNumber }

    package init(camera: String, recipe: LineRecipe, frame: Result<Frame, Invalidity>) {
        self.camera = camera
        self.recipe = recipe
        self.frame = frame
    }
}

/// One trigger, from the moment it comes to its answer.
package struct TriggerTicket: Sendable {
    /// The part's serial number.
    package let part: String?
    /// The client's own number of the trigger.
    package let id: UInt32?
    /// In use when the trigger came: a change-over between trigger and frame does not change what the part is.
    package let recipe: LineRecipe
    /// The frame has to be exposed after this.
    package let triggeredAt: ContinuousClock.Instant
    package let triggeredTime: WallTime
    package let deadline: ContinuousClock.Instant
    /// By which the camera's output lines know the part.
    var number: UInt64?
    /// Called exactly once, after the verdict is in the journal, on the inspection thread: it must not block.
    package let answer: @Sendable (TriggerReply) -> Void

    package init(
        part: String?, id: UInt32? = nil, recipe: LineRecipe, triggeredAt: ContinuousClock.Instant = .now,
        triggeredTime: WallTime = .now,
        deadline: ContinuousClock.Instant, answer: @escaping @Sendable (TriggerReply) -> Void
    ) {
        self.part = part
        self.id = id
        self.recipe = recipe
        self.triggeredAt = triggeredAt
        self.triggeredTime = triggeredTime
        self.deadline = deadline
        self.answer = answer
    }
}
