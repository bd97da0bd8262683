import Capture
import ControlProtocol
import Core
import Logging
import Platform

/// Carries frames from a source to the queue until it is stopped. The body of a capture thread; the rules are
/// ``CaptureStateMachine``'s.
///
/// The source lives in `run()` and is nobody else's; orders and readings cross in one monitor. The lock is held for
/// moments only, never while the source waits.
final class CaptureLoop: Sendable {
    /// How long one wait for a frame may keep a stop waiting.
    private static let patience = Duration.milliseconds(200)
    /// How long a stop may be held up by pictures that will not be there at the next start.
    private static let lastPatience = Duration.seconds(2)

    /// Busy from the look for a frame to its place in the queue. What lasts longer than the source's timeout is the
    /// driver.
    let progress = LoopProgress()
    private let setup: CameraSetup
    private let lane: LaneID
    private let queue: PartQueue
    /// The camera's lines, if it has some.
    private let desk: OutputDesk?
    private let logger: Logger
    private let state: Monitor<CaptureStateMachine>

    init(_ setup: CameraSetup, lane: LaneID, queue: PartQueue, desk: OutputDesk?, logger: Logger) {
        self.setup = setup
        self.lane = lane
        self.queue = queue
        self.desk = desk
        self.logger = logger
        state = Monitor(CaptureStateMachine(recipe: setup.recipe))
    }

    /// What others see.
    var reading: CaptureStateMachine { state.read(\.self) }

    func stop() { state.withLock { $0.stop() } }

    /// Closes the camera and opens it again before the next frame.
    func reopen() { state.withLock { $0.reopen() } }

    /// In use from the next frame or trigger on.
    var recipe: LineRecipe {
        get { state.read(\.recipe) }
        set {
            let now = ContinuousClock.now
            let (old, backlog) = state.withLock { state in
                defer { state.use(newValue, at: now) }
                return (state.recipe.name, state.backlog)
            }
            guard old != newValue.name else { return }
            do throws(DiskError) {
                try backlog.keep(old, now)
            } catch {
                logger.error(
                    "camera: what waits is judged by the recipe before, but not after a restart",
                    metadata: ["recipe": "\(old)", "error": "\(error)"])
            }
        }
    }

    /// Has what waits judged by the recipe in use over a restart, too: before another one comes into use.
    func keepBacklog() throws(DiskError) {
        let (recipe, backlog) = state.read { ($0.recipe.name, $0.backlog) }
        try backlog.keep(recipe, .now)
    }

    /// Gives the next frames to somebody who wants shots, too.
    func take(_ request: ShotRequest) {
        if let refusal = state.withLock({ $0.take(request) }) { request.fail(refusal) }
    }

    /// Ends after `stop()`.
    func run() {
        // Here, and not before: it may be bound to the thread.
        var source = setup.makeSource()
        source.report(to: progress)
        state.withLock { $0.backlog = source.backlog }
        var selection = FrameSelection(setup.rule { self.recipe.area.roi })
        // In a row, before this one.
        var failures = 0
        logger.info("camera starts", metadata: ["source": "\(source.reading.description)"])
        while case let order = state.withLock({ $0.takeOrder() }), order != .stop {
            progress.begin()
            if order == .reopen {
                logger.warning("camera: frames do not decode: it is opened again")
                source.reopen()
            }
            Failpoint.pass("capture")
            do throws(CaptureError) {
                let event = try source.next(timeout: Self.patience)
                // Before what follows from the frame: whoever sees the frame counted finds what the source said of it.
                let known = state.withLock { state in
                    defer { state.source = source.reading }
                    return state.source
                }
                tellNews(source.reading, known)
                if take(event, &selection) { failures = 0 }
                // Waiting for the camera, or for a stop, is no work.
                progress.end()
            } catch {
                state.withLock { $0.source = source.reading }
                lose(error)
                progress.end()
                // Errors end a part's wait at once (`lose`), so pauses cost no trigger its answer.
                failures += 1
                waitForStop(error.retryPeriod(failures: failures))
            }
        }
        pushLast(source.leftovers())
        end()
    }

    /// What nobody can make again is judged before the end, as far as that does not hold the end up.
    private func pushLast(_ frames: [Frame]) {
        let (limit, start) = (Self.lastPatience, ContinuousClock.now)
        let pushed = frames.prefix { .now - start < limit && queue.push(part($0), to: lane) }
        guard pushed.count < frames.count else { return }
        logger.error(
            "camera: pictures that have lost their names are not judged before the end",
            metadata: ["pictures": "\(frames.count - pushed.count)"])
    }

    /// Each kind of what is not read once: a new one is worth a look. Of what is not as it was asked for, that it began.
    private func tellNews(_ source: SourceReading, _ known: SourceReading) {
        if source.notRead.keys.contains(where: { known.notRead[$0] == nil }) {
            logger.warning(
                "camera: its folder has what no part is made of", metadata: ["is": "\(NotRead.words(source.notRead))"])
        }
        if known.differences.isEmpty {
            for difference in source.differences {
                logger.warning("camera: not as it was asked for", metadata: ["what": "\(difference)"])
            }
        }
    }

    /// - Returns: whether the camera is there.
    private func take(_ event: FrameEvent, _ selection: inout FrameSelection) -> Bool {
        switch event {
        case .frame(let frame):
            arrived(frame)
            // Every frame is looked at, also for presence; only some become parts.
            if selection.wants(frame) {
                var part = part(frame)
                part.isBlind = selection.isBlind
                // A full lane makes this wait for the inspection, which is watched itself.
                progress.end()
                push(part, of: frame)
            }
            // A camera that sends only damaged frames stays lost, and is waited for as such.
            if case .failure = frame.payload { return false }
        case .none:
            // A folder that can be looked at is all that can be asked for, also before its first file: quiet is not
            // broken. A camera is back with its first frame.
            guard setup.framePatience == nil else { return false }
            if state.withLock({ $0.delivers() }) { logger.notice("camera: its folder is watched") }
        case .finished:
            finish()
            progress.end()
            // Keeps the daemon running: operators look at what was found.
            waitForStop(nil)
        }
        return true
    }

    private func push(_ part: Part, of frame: Frame) {
        var part = part
        // A newer frame may still take its place where only the newest counts: the inspection tells of those.
        if case .everyPart = setup.policy { part.ownNumber = desk?.announce(at: frame.exposedAt) }
        if !queue.push(part, to: lane), let number = part.ownNumber { desk?.withdraw(number) }
    }

    private func part(_ frame: Frame) -> Part {
        // Together: the part is judged by what was in use when its frame came.
        let (ofTheTime, repeats) = state.read { ($0.recipe(at: frame.capturedAt), $0.repeats) }
        let recipe =
            switch frame.file?.recipe ?? .inUse {
            case .inUse: ofTheTime
            case .named(let name): name == ofTheTime.name ? ofTheTime : setup.recipeNamed(name)
            case .lost(let reason): LineRecipe(name: "unknown", models: ModelSlot(Invalidity(.stateUnreadable, reason)))
            }
        var part = Part(camera: setup.name, recipe: recipe, frame: .success(frame))
        part.size = setup.size
        part.repeats = repeats
        part.deadline = setup.deadline.map { frame.capturedAt + $0 }
        return part
    }

    private func arrived(_ frame: Frame) {
        let (waiting, isBack) = state.withLock { $0.arrived(frame, at: .now) }
        if isBack { sayItDelivers() }
        guard !waiting.isEmpty, case .success(let picture) = frame.payload else { return }
        for request in waiting { request.give(picture) }
        state.withLock { $0.dropDoneRequests() }
    }

    private func sayItDelivers() { logger.notice("camera delivers frames") }

    private func lose(_ error: CaptureError) {
        let reason = error.description
        let (waiting, isWorthTelling) = state.withLock { $0.lose(error.state, reason: reason, at: .now) }
        queue.lose(lane, reason: reason)
        for request in waiting { request.fail(reason) }
        guard isWorthTelling else { return }
        logger.error("camera lost", metadata: ["state": "\(error.state.rawValue)", "reason": "\(reason)"])
    }

    private func finish() {
        let reason = "the source came to its end"
        let waiting = state.withLock { $0.finish() }
        queue.lose(lane, reason: reason)
        for request in waiting { request.fail(reason) }
        logger.notice("camera: \(reason)")
    }

    private func waitForStop(_ limit: Duration?) {
        _ = state.wait(timeout: limit) { $0.isStopping ? true : nil }
    }

    private func end() {
        // First those who wait for pictures, then those who wait for verdicts: nobody is left behind.
        for request in state.withLock({ $0.takeRequests() }) { request.fail("the camera is being stopped") }
        queue.close(lane, reason: "the camera was stopped before a frame came")
        // The next run of a watched folder asks the journal which files have their verdicts.
        if setup.framePatience == nil { queue.waitUntilInspected(lane) }
    }
}
