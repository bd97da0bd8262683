import Capture
import ControlProtocol
import Core
import Logging
import Platform
import Settings
import Synchronization

/// One run of a camera, from its start to its stop: its thread, its lane of the queue, its counters.
///
/// A reload makes another lane for the same camera; the old one's parts are still inspected and keep its recipe.
/// Shared: the capture thread runs it, the inspection counts in it, the control plane reads it.
final class CameraLane: Sendable {
    /// Files in a row that are no pictures, or frames that do not decode, before it is the camera that is at fault.
    private static let patienceWithFrames = 5
    /// With one piece of work of the driver or the disk.
    private static let patienceWithWork = Duration.milliseconds(1500)

    let id: LaneID
    let setup: CameraSetup
    let capture: CaptureLoop
    let counters = Mutex(LineCounters())
    private let queue: PartQueue
    private let logger: Logger
    /// Of the thread, which ``stop(patience:)`` waits for.
    private let end = Monitor(End.open)

    private enum End {
        /// The thread runs, or will.
        case open
        case ended
        /// The thread hangs in the driver, and nobody waits for it any more.
        case abandoned
    }

    /// Opens the lane: triggers are taken from here on.
    init(_ setup: CameraSetup, id: LaneID, queue: PartQueue, desk: OutputDesk?, logger: Logger) {
        var logger = logger
        logger[metadataKey: "camera"] = "\(setup.name)"
        self.id = id
        self.setup = setup
        self.queue = queue
        self.logger = logger
        capture = CaptureLoop(setup, lane: id, queue: queue, desk: desk, logger: logger)
        queue.open(id, camera: setup.name, policy: setup.policy)
    }

    /// Starts the camera's thread.
    func start() {
        NamedThread.start("fsac-cap-\(id.number)") { [self] in
            capture.run()
            end.withLock { $0 = .ended }
        }
    }

    /// Stops the camera and blocks until its thread has ended and the device is closed.
    ///
    /// - Parameter patience: with one piece of work of the driver; then the daemon goes on without the thread, whose triggers
    ///   are answered. Nil = without end. Waiting for the inspection of parts is no work.
    func stop(patience: Duration? = nil) {
        capture.stop()
        while true {
            // The driver may begin another piece of work while this waits: patience is with one of them, not with the
            // sum.
            let limit = patience.map { max(.milliseconds(10), $0 - capture.progress.busy) }
            if end.wait(timeout: limit, until: { $0 == .open ? nil : true }) != nil { return }
            if let patience, capture.progress.busy >= patience { return abandon() }
        }
    }

    private func abandon() {
        logger.error("camera: its driver does not answer: the daemon ends without it")
        // The thread cannot do it any more, and those who wait for its frames would wait for ever.
        queue.close(id, reason: "the camera's driver does not answer")
        end.withLock { $0 = .abandoned }
    }

    /// Counts a verdict; a camera whose frames do not decode one after the other is closed and opened again.
    func count(_ inspection: Inspection, milliseconds: Double) {
        let undecodable = counters.withLock { counters in
            counters.count(inspection, milliseconds: milliseconds)
            return counters.undecodable
        }
        // Once soon, then rarely: a camera that sends nothing but nonsense is not opened all the time.
        if undecodable == Self.patienceWithFrames || undecodable.isMultiple(of: 50) && undecodable > 0 {
            capture.reopen()
        }
    }

    var reading: CameraReply {
        let reading = capture.reading
        let (state, reason) = state(reading)
        let counters = counters.withLock { $0 }
        return CameraReply(
            name: setup.name, source: reading.source.description, differences: reading.source.differences,
            state: state, reason: reason, recipe: reading.recipe.name, trigger: setup.configuration.trigger.rawValue,
            frames: reading.frames, dropped: queue.dropped(in: id), missed: reading.source.missed,
            damaged: reading.source.damaged, restarts: reading.source.restarts, skipped: reading.source.skipped.count,
            overwritten: reading.source.overwritten,
            notRead: reading.source.notRead.isEmpty ? nil : NotRead.words(reading.source.notRead),
            waiting: isWatched ? reading.backlog.count() + queue.waiting(in: id) : nil,
            frameHeight: counters.frameSize?.height, frameWidth: counters.frameSize?.width,
            counts: counters.verdicts)
    }

    private var isWatched: Bool { setup.configuration.source == .folder && setup.configuration.mode == .watch }

    private func state(_ reading: CaptureStateMachine) -> (LineState, reason: String?) {
        // First: what the camera said before it hung is old.
        if let silence = capture.progress.hang(beyond: Self.patienceWithWork) {
            return (.cameraStalled, "its driver or disk has not answered for \(silence.wholeSeconds)")
        }
        switch reading.camera {
        case .lost(let state, let reason, _): return (state, reason)
        case .finished: return (.finished, "the source came to its end")
        case .starting, .delivering: break
        }
        // In this order: what is seen without a part comes before what the verdicts say, for a trigger may be hours
        // away.
        if let patience = setup.framePatience, let age = reading.newest.map({ .now - $0.at }), age > patience {
            return (.cameraStalled, "no undamaged frame for \(Int(age / .seconds(1))) s")
        }
        if reading.recipe.frozenFrames > 0, reading.repeats >= reading.recipe.frozenFrames {
            return (
                .cameraInvalid,
                "frame_frozen: \(reading.repeats) frames in a row with the same bytes: power the camera off and on"
            )
        }
        let skipped = reading.source.skipped
        if skipped.inARow >= Self.patienceWithFrames {
            return (
                .cameraInvalid,
                "the newest \(skipped.inARow) files are no pictures: expected \(ImageFormat.endingsInWords), got \(skipped.latest)"
            )
        }
        if let (state, reason) = judging(by: reading.recipe) { return (state, reason) }
        if reading.camera == .starting { return (.starting, "no frame has come yet") }
        guard let hindrance = reading.recipe.models.hindrance else { return (.inspecting, nil) }
        switch hindrance.cause.consequence {
        case .state(let state, _), .saidElsewhere(let state): return (state, hindrance.detail)
        case .none: return (.inspecting, nil)
        }
    }

    /// What the newest parts say of the line, where they got no verdict.
    private func judging(by recipe: LineRecipe) -> (LineState, reason: String)? {
        guard let unjudged = counters.withLock(\.unjudged),
            case .state(let state, let patience) = unjudged.latest.cause.consequence, unjudged.count >= patience
        else { return nil }
        // Another model may do better: the next part tells.
        if state == .modelFailed, recipe.models.current?.generation != unjudged.generation { return nil }
        let parts = unjudged.count == 1 ? "the last part" : "the last \(unjudged.count) parts"
        return (state, "\(parts) got no verdict: \(unjudged.latest)")
    }
}
