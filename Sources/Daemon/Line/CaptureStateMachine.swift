package import Capture
package import ControlProtocol
package import Core

/// What is known of a camera and wanted of it, without threads, locks and clocks: the rules of ``CaptureLoop``.
package struct CaptureStateMachine {
    /// What the camera does.
    package enum Camera: Sendable, Equatable {
        /// No frame yet.
        case starting
        case delivering
        /// `told` is when the log last said so.
        case lost(LineState, reason: String, told: ContinuousClock.Instant)
        /// The source came to its end.
        case finished
    }

    /// What the capture thread is to do before the next frame.
    package enum Order: Sendable, Equatable {
        case goOn
        /// Close the camera and open it again.
        case reopen
        case stop
    }

    /// The newest frame without a fault.
    package struct Newest: Sendable {
        package let picture: Picture
        package let at: ContinuousClock.Instant
        /// Frames in a row with the same bytes, this one included: no sensor delivers that.
        package let repeats: Int
    }

    /// Between two log lines about a camera that stays lost.
    package static let reminderPeriod = Duration.seconds(600)

    package private(set) var camera = Camera.starting
    package private(set) var newest: Newest?
    package private(set) var frames: UInt64 = 0
    /// In use from the next frame or trigger on.
    package private(set) var recipe: LineRecipe
    /// Those in use before, and until when; the oldest first. Files that were complete then may still wait.
    private var earlier: [(recipe: LineRecipe, until: ContinuousClock.Instant)] = []
    /// More changeovers than a backlog lasts; the oldest of more is forgotten.
    private static let mostEarlier = 100
    /// What the source says of itself.
    package var source = SourceReading(description: "")
    /// Of the source.
    package var backlog = FrameBacklog()
    /// `stop` is never taken back.
    private var order = Order.goOn
    private var requests: [ShotRequest] = []

    package init(recipe: LineRecipe) {
        self.recipe = recipe
    }

    package var repeats: Int { newest?.repeats ?? 1 }

    package var isStopping: Bool { order == .stop }

    // MARK: What is wanted

    /// Judges what is complete from now on by another recipe, or by other settings of the same.
    package mutating func use(_ new: LineRecipe, at now: ContinuousClock.Instant) {
        // What waits for its verdict by this recipe gets it by the settings that the recipe has by then.
        for index in earlier.indices where earlier[index].recipe.name == new.name { earlier[index].recipe = new }
        if new.name != recipe.name {
            // What was handed out last may not be a part yet.
            earlier = (backlog.count() > 0 ? earlier.suffix(Self.mostEarlier - 1) : []) + [(recipe, now)]
        }
        recipe = new
    }

    /// That was in use when a frame was complete.
    package func recipe(at time: ContinuousClock.Instant) -> LineRecipe {
        earlier.first { time < $0.until }?.recipe ?? recipe
    }

    package mutating func stop() { order = .stop }

    package mutating func reopen() {
        if order == .goOn { order = .reopen }
    }

    /// What to do now; asking again does not ask for another reopening.
    package mutating func takeOrder() -> Order {
        defer { if order == .reopen { order = .goOn } }
        return order
    }

    /// - Returns: why the request cannot be met; nil = it is waiting for pictures.
    package mutating func take(_ request: ShotRequest) -> String? {
        if isStopping { return "the camera is being stopped" }
        switch camera {
        case .lost(_, let reason, _): return reason
        case .finished: return "the source came to its end"
        case .starting, .delivering:
            requests.append(request)
            return nil
        }
    }

    // MARK: What happens

    /// A frame came. One with a fault counts, but a camera that sends nothing else does not deliver.
    ///
    /// - Returns: who waits for its picture, and whether it is the first one after there was none.
    package mutating func arrived(_ frame: Frame, at now: ContinuousClock.Instant) -> (
        waiting: [ShotRequest], isBack: Bool
    ) {
        frames += 1
        guard case .success(let picture) = frame.payload else { return ([], false) }
        // Compares all bytes only while they are the same: the sensor's noise ends it within the first ones.
        let repeats = picture == newest?.picture ? repeats + 1 : 1
        newest = Newest(picture: picture, at: now, repeats: repeats)
        return (requests.filter { frame.exposedAt >= $0.askedAt }, delivers())
    }

    /// The source can be looked at.
    ///
    /// - Returns: whether it could not before.
    package mutating func delivers() -> Bool {
        defer { camera = .delivering }
        return camera != .delivering
    }

    package mutating func dropDoneRequests() { requests.removeAll(where: \.isDone) }

    /// No frame can come for now.
    ///
    /// - Returns: who waits for one in vain, and whether the log should say so: at the first time, at another kind of loss, and
    ///   from time to time.
    package mutating func lose(
        _ kind: LineState, reason: String, at now: ContinuousClock.Instant
    ) -> (waiting: [ShotRequest], isWorthTelling: Bool) {
        var told = now
        if case .lost(kind, _, let last) = camera, now - last < Self.reminderPeriod { told = last }
        camera = .lost(kind, reason: reason, told: told)
        return (takeRequests(), told == now)
    }

    /// The source came to its end.
    ///
    /// - Returns: who waits for a frame in vain.
    package mutating func finish() -> [ShotRequest] {
        camera = .finished
        return takeRequests()
    }

    package mutating func takeRequests() -> [ShotRequest] {
        defer { requests = [] }
        return requests
    }
}
