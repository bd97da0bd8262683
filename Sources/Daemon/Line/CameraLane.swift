import Capture
import ControlProtocol
import Logging
import Settings
import Synchronization
import System

/// One run of a camera, from its start to its stop: its thread, its lane of the queue, its counters.
final class CameraLane: Sendable {
    /// Frames in a row that may be bad before it is the camera that is.
    private static let patienceWithFrames = 5

    let id: LaneID
    let setup: CameraSetup
    let capture: CaptureLoop
    let counters = Mutex(LineCounters())
    private let queue: PartQueue
    private let logger: Logger
    /// Of the thread, for the one who stops the camera; and of the wait for it.
    private let end = AsyncStream.makeStream(of: Void.self)
    private let wait = AsyncStream.makeStream(of: Void.self)
    private let over = Mutex(false)

    /// Opens the lane: triggers are taken from here on.
    init(_ setup: CameraSetup, id: LaneID, queue: PartQueue, logger: Logger) {
        var logger = logger
        logger[metadataKey: "camera"] = "\(setup.name)"
        self.id = id
        self.setup = setup
        self.queue = queue
        self.logger = logger
        capture = CaptureLoop(setup, lane: id, queue: queue, logger: logger)
        queue.open(id, camera: setup.name, policy: setup.policy)
    }

    /// Returns when the camera's thread has ended, or was abandoned.
    func run() async {
        Task {
            await NamedThread.run("fsac-cap-\(id.number)") { self.capture.run() }
            over.withLock { $0 = true }
            end.continuation.finish()
            wait.continuation.finish()
        }
        for await _ in wait.stream {}
    }

    /// Goes on without a thread that hangs in the driver: its triggers are answered, and nobody waits for it.
    func abandon() {
        let wasOver = over.withLock { isOver in
            defer { isOver = true }
            return isOver
        }
        guard !wasOver else { return }
        logger.error("camera: its driver does not answer: the daemon ends without it")
        queue.close(id, reason: "the camera's driver does not answer")
        wait.continuation.finish()
    }

    /// Whether nobody waits for it any more.
    var isOver: Bool { over.withLock { $0 } }

    /// Stops the camera and returns when its thread has ended and the device is closed.
    func stop() async {
        capture.stop()
        for await _ in end.stream {}
    }

    /// Counts a verdict; a camera whose frames do not decode one after the other is closed and opened again.
    func count(_ inspection: Inspection, milliseconds: Double) {
        let undecodable = counters.withLock { counters in
            counters.count(inspection, milliseconds: milliseconds)
            return counters.undecodable
        }
        if undecodable == Self.patienceWithFrames || undecodable.isMultiple(of: 50) && undecodable > 0 {
            capture.reopen()
        }
    }

    var reading: CameraReply {
        let reading = capture.reading
        let recipe = capture.recipe
        let (state, reason) = state(reading, recipe)
        return CameraReply(
            name: setup.name, source: reading.source.description, differences: reading.source.differences,
            state: state, reason: reason, recipe: recipe.name, trigger: setup.configuration.trigger.rawValue,
            frames: reading.frames, dropped: queue.dropped(in: id), missed: reading.source.missed,
            damaged: reading.source.damaged, restarts: reading.source.restarts,
            counts: counters.withLock(\.verdicts))
    }

    private func state(_ reading: CaptureLoop.Reading, _ recipe: LineRecipe) -> (LineState, reason: String?) {
        switch reading.camera {
        case .lost(let state, let reason): return (state, reason)
        case .finished: return (.finished, "the source came to its end")
        case .starting, .delivering: break
        }
        if let patience = setup.framePatience, let age = reading.age, age > patience {
            return (.cameraStalled, "no undamaged frame for \(Int(age / .seconds(1))) s")
        }
        if recipe.frozenFrames > 0, reading.repeats >= recipe.frozenFrames {
            return (
                .cameraInvalid,
                "frame_frozen: \(reading.repeats) frames in a row with the same bytes: power the camera off and on"
            )
        }
        if let refused = counters.withLock(\.refused), refused.count >= Self.patienceWithFrames {
            return (.cameraInvalid, "the last \(refused.count) frames cannot be judged: \(refused.latest)")
        }
        if reading.camera == .starting { return (.starting, "no frame has come yet") }
        return recipe.models.current == nil ? (.noModel, recipe.models.absence) : (.inspecting, nil)
    }
}
