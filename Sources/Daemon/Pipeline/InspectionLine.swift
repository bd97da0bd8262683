package import ControlProtocol
import Core
package import Logging
import ServiceLifecycle
import Synchronization

/// The data plane: cameras, queue, pipeline, journal and pictures, each on a thread of its own.
///
/// Sits first among the services: it is the last to stop. Stopping goes with the flow: the cameras stop, what waits is
/// inspected, the journal is synced, the pictures are written.
package final class InspectionLine: Service {
    struct Cameras {
        /// In the order of the configuration.
        var lanes: [CameraLane] = []
        var started: UInt64 = 0
        var isStopping = false
    }

    /// For a camera whose driver does not answer, at the end. A USB request takes 5 s at most.
    private static let exitPatience = Duration.seconds(6)

    let journal: VerdictJournal
    let images: ImageStore
    let stateDirectory: String
    let logger: Logger
    private let onVerdict: (@Sendable (InspectionRecord) -> Void)?
    let queue = PartQueue()
    let cameras = Mutex(Cameras())
    private let starting = AsyncStream.makeStream(of: CameraLane.self)
    let counters = Mutex(LineCounters())
    /// By recipe, since the start of the daemon.
    let trends = Mutex<[String: RecipeTrend]>([:])
    let progress = LoopProgress()

    /// - Parameter onVerdict: called on the inspection thread after the verdict is in the journal and its trigger is
    ///   answered: must not block.
    package init(
        cameras: [CameraSetup], stateDirectory: String, journal: VerdictJournal, images: ImageStore, logger: Logger,
        onVerdict: (@Sendable (InspectionRecord) -> Void)? = nil
    ) {
        self.journal = journal
        self.images = images
        self.stateDirectory = stateDirectory
        self.logger = logger
        self.onVerdict = onVerdict
        for setup in cameras { open(setup) }
        recallTrends()
    }

    package func run() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { [self] tasks in
                tasks.addTask { await self.journal.run() }
                tasks.addTask { await self.images.run() }
                tasks.addTask { await NamedThread.run("fsac-inspect") { self.inspectParts() } }
                for await lane in starting.stream { tasks.addTask { await lane.run() } }
                await tasks.waitForAll()
            }
        } onCancelOrGracefulShutdown: {
            self.stop()
        }
    }

    private func stop() {
        let lanes = cameras.withLock { cameras in
            cameras.isStopping = true
            return cameras.lanes
        }
        starting.continuation.finish()
        queue.close()
        for lane in lanes { lane.capture.stop() }
        Task {
            while !lanes.allSatisfy(\.isOver) {
                // Only cancellation ends a sleep early, and nobody cancels this one.
                try? await Task.sleep(for: .milliseconds(500))
                // One that waits for the inspection of its parts is not at work.
                for lane in lanes where lane.capture.progress.busy > Self.exitPatience { lane.abandon() }
            }
        }
    }

    @discardableResult
    func open(_ setup: CameraSetup) -> CameraLane? {
        cameras.withLock { cameras in
            guard !cameras.isStopping else { return nil }
            cameras.started += 1
            let lane = CameraLane(setup, id: LaneID(cameras.started), queue: queue, logger: logger)
            cameras.lanes.removeAll { $0.setup.name == setup.name }
            cameras.lanes.append(lane)
            starting.continuation.yield(lane)
            return lane
        }
    }

    // MARK: The inspection thread

    private func inspectParts() {
        var pipeline = InspectionPipeline()
        var lastCause: [String: InvalidCause] = [:]
        let failpoint = Failpoint(name: "inference.hang")
        while let part = queue.pop() {
            progress.begin()
            failpoint?.pass(part)
            let inspection = pipeline.inspect(part)
            record(inspection)
            if let invalidity = inspection.invalidity, invalidity.cause != lastCause[part.camera] {
                logger.warning(
                    "verdicts are INVALID",
                    metadata: [
                        "camera": "\(part.camera)", "frame": "\(inspection.frame?.name ?? "")",
                        "cause": "\(invalidity)",
                    ])
            }
            lastCause[part.camera] = inspection.invalidity?.cause
            progress.end()
        }
        journal.close()
        images.close()
    }

    /// A verdict exists once it is journalled; the answer, and the pictures if they can, follow.
    private func record(_ inspection: Inspection) {
        let settings = images.settings
        // A disk that hangs is the journal's.
        progress.end()
        let line = journal.append(inspection.verdict) { seq, durable in
            InspectionRecord(
                inspection, seq: seq, durable: durable,
                pictures: PicturePaths(inspection, seq: seq, settings: settings))
        }
        progress.begin()
        let milliseconds = StageClock(since: inspection.since).total
        counters.withLock { $0.count(inspection, milliseconds: milliseconds) }
        let lane = cameras.withLock { $0.lanes.first { $0.setup.name == inspection.part.camera } }
        lane?.count(inspection, milliseconds: milliseconds)
        noteTrend(of: inspection)
        tell(inspection, line)
        if let picture = inspection.picture {
            images.offer(
                PictureJob(
                    seq: line.sequence, paths: PicturePaths(inspection, seq: line.sequence, settings: settings),
                    picture: picture, drawHeatMap: inspection.judgement?.drawHeatMap))
        }
    }

    private func tell(_ inspection: Inspection, _ line: VerdictLine) {
        let trigger = inspection.part.trigger
        guard trigger != nil || onVerdict != nil else { return }
        do {
            let record = try ControlCoding.decode(InspectionRecord.self, from: line.bytes)
            if let trigger {
                trigger.answer(
                    TriggerReply(
                        inspection: record, triggeredMicroseconds: MonotonicTime.microseconds(of: trigger.triggeredAt),
                        exposedMicroseconds: inspection.frame.map { MonotonicTime.microseconds(of: $0.exposedAt) }))
            }
            onVerdict?(record)
        } catch {
            preconditionFailure("journal: a line that was just written does not read: \(error)")
        }
    }
}
