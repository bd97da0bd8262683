import Capture
package import ControlProtocol
import Core
import Logging
import System

/// What the camera does.
package enum CameraState: Sendable, Equatable {
    /// No frame yet.
    case starting
    case delivering
    case lost(LineState, reason: String)
    /// The source came to its end.
    case finished
}

/// Carries frames from a source to the queue until it is stopped. The body of a capture thread.
final class CaptureLoop: Sendable {
    private struct State {
        var camera = CameraState.starting
        var reading = SourceReading(description: "")
        var frames: UInt64 = 0
        /// When the last one without a fault came.
        var lastFrame: ContinuousClock.Instant?
        /// Frames in a row with the same bytes.
        var repeats = 1
        var recipe: LineRecipe
        var shots: [ShotRequest] = []
        /// When the log last said that the camera is lost.
        var reminded: ContinuousClock.Instant?
        var isReopenDue = false
        var isStopping = false
    }

    /// How long one wait for a frame may keep a stop waiting.
    private static let patience = Duration.milliseconds(200)
    /// Between two log lines about a camera that stays lost.
    private static let reminderPeriod = Duration.seconds(600)

    let progress = LoopProgress()
    private let setup: CameraSetup
    private let lane: LaneID
    private let queue: PartQueue
    private let logger: Logger
    private let state: Monitor<State>

    init(_ setup: CameraSetup, lane: LaneID, queue: PartQueue, logger: Logger) {
        self.setup = setup
        self.lane = lane
        self.queue = queue
        self.logger = logger
        state = Monitor(State(recipe: setup.recipe))
    }

    func stop() {
        state.withLock { $0.isStopping = true }
    }

    /// Closes the camera and opens it again before the next frame.
    func reopen() {
        state.withLock { $0.isReopenDue = true }
    }

    /// In use from the next frame or trigger on.
    var recipe: LineRecipe {
        get { state.read(\.recipe) }
        set { state.withLock { $0.recipe = newValue } }
    }

    /// Gives the next frames to somebody who wants shots, too.
    func take(_ request: ShotRequest) {
        let reason = state.withLock { state -> String? in
            if state.isStopping { return "the camera is being stopped" }
            if case .lost(_, let reason) = state.camera { return reason }
            if state.camera == .finished { return "the source came to its end" }
            state.shots.append(request)
            return nil
        }
        if let reason { request.fail(reason) }
    }

    /// Ends after `stop()`.
    func run() {
        var source = setup.makeSource()
        source.report(to: progress)
        var selection = FrameSelection(setup.rule { self.recipe.area.roi })
        var repeats = RepeatCounter()
        var failures = 0
        logger.info("camera starts", metadata: ["source": "\(source.reading.description)"])
        while !state.read(\.isStopping) {
            progress.begin()
            if takeReopenRequest() {
                logger.warning("camera: frames do not decode: it is opened again")
                source.reopen()
            }
            do throws(CaptureError) {
                let event = try source.next(timeout: Self.patience)
                show(source.reading)
                if take(event, &selection, &repeats, isLost: failures > 0) { failures = 0 }
                progress.end()
            } catch {
                show(source.reading)
                show(.lost(error.state, reason: error.description))
                progress.end()
                let period = error.retryPeriod(failures: failures)
                failures += 1
                _ = state.wait(timeout: period) { $0.isStopping ? true : nil }
            }
        }
        end()
    }

    private func takeReopenRequest() -> Bool {
        guard state.read(\.isReopenDue) else { return false }
        state.withLock { $0.isReopenDue = false }
        return true
    }

    /// - Returns: whether the camera is there.
    private func take(
        _ event: FrameEvent, _ selection: inout FrameSelection, _ repeats: inout RepeatCounter, isLost: Bool
    ) -> Bool {
        switch event {
        case .frame(let frame):
            arrived(frame, repeats: repeats.count(frame))
            if selection.wants(frame) {
                var part = part(frame, repeats: repeats.count)
                part.isBlind = selection.isBlind
                progress.end()
                queue.push(part, to: lane)
            }
            if case .failure = frame.payload { return false }
        case .none:
            // A folder that can be looked at is all that can be asked for; a camera is back with its first frame.
            guard setup.framePatience == nil else { return false }
            if isLost { show(.delivering) }
        case .finished:
            show(.finished)
            progress.end()
            // Keeps the daemon running: operators look at what was found.
            _ = state.wait { $0.isStopping ? true : nil }
        }
        return true
    }

    private func part(_ frame: Frame, repeats: Int) -> Part {
        var part = Part(camera: setup.name, recipe: recipe, frame: .success(frame))
        part.size = setup.size
        part.repeats = repeats
        part.deadline = setup.deadline.map { frame.capturedAt + $0 }
        return part
    }

    private func arrived(_ frame: Frame, repeats: Int) {
        state.withLock { $0.frames += 1 }
        // A camera that sends nothing else does not deliver.
        guard case .success(let picture) = frame.payload else { return }
        let requests = state.withLock { state in
            (state.lastFrame, state.repeats) = (.now, repeats)
            return state.shots
        }
        show(.delivering)
        guard !requests.isEmpty else { return }
        for request in requests where frame.exposedAt >= request.askedAt { request.give(picture) }
        state.withLock { $0.shots.removeAll(where: \.isDone) }
    }

    private func show(_ reading: SourceReading) {
        state.withLock { $0.reading = reading }
    }

    private func end() {
        let requests = state.withLock { state in
            defer { state.shots = [] }
            return state.shots
        }
        for request in requests { request.fail("the camera is being stopped") }
        queue.close(lane, reason: "the camera was stopped before a frame came")
        // The next run of a watched folder asks the journal which files have their verdicts.
        if setup.framePatience == nil { queue.waitUntilInspected(lane) }
    }

    /// Logs changes, and from time to time what stays wrong.
    private func show(_ camera: CameraState) {
        let (old, requests) = state.withLock { state in
            defer { state.camera = camera }
            guard camera != .delivering, state.camera != camera else { return (state.camera, [ShotRequest]()) }
            defer { state.shots = [] }
            return (state.camera, state.shots)
        }
        switch camera {
        case .lost(let kind, let reason):
            queue.lose(lane, reason: reason)
            for request in requests { request.fail(reason) }
            remind(kind, reason, old)
        case .delivering where old != camera: logger.notice("camera delivers frames")
        case .finished:
            queue.lose(lane, reason: "the source came to its end")
            for request in requests { request.fail("the source came to its end") }
            logger.notice("camera: the source came to its end")
        default: break
        }
    }

    private func remind(_ kind: LineState, _ reason: String, _ old: CameraState) {
        let now = ContinuousClock.now
        if case .lost(kind, _) = old, let last = state.read(\.reminded), now - last < Self.reminderPeriod { return }
        state.withLock { $0.reminded = now }
        logger.error("camera lost", metadata: ["state": "\(kind.rawValue)", "reason": "\(reason)"])
    }
}

// MARK: What others see

extension CaptureLoop {
    struct Reading {
        var camera: CameraState
        var source: SourceReading
        var frames: UInt64
        /// Of the newest frame without a fault; nil before the first.
        var age: Duration?
        /// Frames in a row with the same bytes.
        var repeats: Int
    }

    var reading: Reading {
        state.read { state in
            Reading(
                camera: state.camera, source: state.reading, frames: state.frames,
                age: state.lastFrame.map { .now - $0 }, repeats: state.repeats)
        }
    }
}

/// Counts frames in a row with the same bytes: no sensor delivers that.
private struct RepeatCounter {
    private var last: Picture?
    private(set) var count = 1

    /// - Returns: how many there are with this one.
    mutating func count(_ frame: Frame) -> Int {
        guard case .success(let picture) = frame.payload else { return count }
        count = picture == last ? count + 1 : 1
        last = picture
        return count
    }
}
