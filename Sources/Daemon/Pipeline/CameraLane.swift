import ControlProtocol
import Logging
import Synchronization

/// One run of a camera, from its start to its stop: its thread, its lane of the queue, its counters.
final class CameraLane: Sendable {
    /// Frames in a row that may be bad before it is the camera that is.
    private static let patienceWithFrames = 5

    let id: LaneID
    let setup: CameraSetup
    let capture: CaptureLoop
    let counters = Mutex(LineCounters())
    private let queue: PartQueue
    private let end = AsyncStream.makeStream(of: Void.self)

    /// Opens the lane: triggers are taken from here on.
    init(_ setup: CameraSetup, id: LaneID, queue: PartQueue, logger: Logger) {
        var logger = logger
        logger[metadataKey: "camera"] = "\(setup.name)"
        self.id = id
        self.setup = setup
        self.queue = queue
        capture = CaptureLoop(setup, lane: id, queue: queue, logger: logger)
        queue.open(id, camera: setup.name, policy: setup.policy)
    }

    func run() async {
        await NamedThread.run("fsac-cap-\(id.number)") { self.capture.run() }
        end.continuation.finish()
    }

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
        case .starting: return (.starting, "no frame has come yet")
        case .delivering: break
        }
        if let patience = setup.framePatience, let age = reading.age, age > patience {
            return (.cameraStalled, "no frame for \(Int(age / .seconds(1))) s")
        }
        if let refused = counters.withLock(\.refused), refused.count >= Self.patienceWithFrames {
            return (.cameraInvalid, "the last \(refused.count) frames cannot be judged: \(refused.latest)")
        }
        return recipe.models.current == nil ? (.noModel, recipe.models.absence) : (.inspecting, nil)
    }
}
