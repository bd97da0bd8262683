import ControlProtocol
import Core
public import Logging
public import ServiceLifecycle
import Synchronization

/// The data plane: camera, queue, pipeline, journal and pictures, each on a thread of its own.
///
/// Sits first among the services: it is the last to stop. Stopping goes with the flow: the camera stops, what waits is
/// inspected, the journal is synced, the pictures are written.
public final class InspectionLine: Service {
    private let configuration: Configuration
    private let models: ModelSlot
    private let journal: VerdictJournal
    private let images: ImageStore
    private let logger: Logger
    private let queue: FrameQueue
    private let capture: CaptureLoop
    private let counters = Mutex(LineCounters())
    private let isStopping = Mutex(false)

    public init(
        configuration: Configuration, models: ModelSlot, journal: VerdictJournal, images: ImageStore, logger: Logger
    ) {
        self.configuration = configuration
        self.models = models
        self.journal = journal
        self.images = images
        self.logger = logger
        queue = FrameQueue(policy: configuration.camera.queuePolicy)
        capture = CaptureLoop(queue: queue, logger: logger)
    }

    public func run() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { [self] tasks in
                tasks.addTask { await self.journal.run() }
                tasks.addTask { await self.images.run() }
                tasks.addTask { await NamedThread.run("fsac-inspect") { self.inspectFrames() } }
                tasks.addTask { await NamedThread.run("fsac-capture") { self.captureFrames() } }
                await tasks.waitForAll()
            }
        } onCancelOrGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
            self.capture.stop()
        }
    }

    private func captureFrames() {
        var source = configuration.camera.makeSource(journal: journal)
        capture.run(&source)
        // After its end a source keeps the daemon running: operators look at what it found.
        capture.waitUntilStopped()
        queue.close()
    }

    private func inspectFrames() {
        var pipeline = InspectionPipeline(models: models, guards: FrameGuards(configuration))
        var lastInvalidity: Invalidity?
        while let frame = queue.pop() {
            let inspection = pipeline.inspect(frame)
            record(inspection)
            if let invalidity = inspection.invalidity, invalidity.cause != lastInvalidity?.cause {
                logger.warning("verdicts are INVALID", metadata: ["frame": "\(frame.name)", "cause": "\(invalidity)"])
            }
            lastInvalidity = inspection.invalidity
        }
        journal.close()
        images.close()
    }

    /// A verdict exists once it is journalled; the pictures follow if they can.
    private func record(_ inspection: Inspection) {
        let (camera, recipe, settings) = (configuration.camera.name, configuration.recipe.name, images.settings)
        let line = journal.append(inspection.verdict) { seq, durable in
            InspectionRecord(
                inspection, seq: seq, durable: durable, camera: camera, recipe: recipe,
                pictures: PicturePaths(inspection, seq: seq, settings: settings))
        }
        let milliseconds = StageClock(since: inspection.frame.capturedAt).total
        counters.withLock { $0.count(inspection, milliseconds: milliseconds) }
        if let image = inspection.image, case .success(let picture) = inspection.frame.payload {
            images.offer(
                PictureJob(
                    seq: line.sequence, paths: PicturePaths(inspection, seq: line.sequence, settings: settings),
                    image: image, bytes: picture.bytes, drawHeatMap: inspection.judgement?.drawHeatMap))
        }
    }
}

// MARK: What the control plane reads

extension InspectionLine {
    public var readings: LineReadings {
        let (camera, counters) = (capture.camera, counters.withLock { $0 })
        let (state, reason) = lineState(camera.state)
        let directory = configuration.stateDirectory
        return LineReadings(
            state: state, reason: reason,
            camera: CameraReply(
                name: configuration.camera.name, source: "folder \(configuration.camera.path)", frames: camera.frames,
                dropped: queue.dropped),
            counts: counters.verdicts, latency: counters.latency,
            storage: StorageReply(
                directory: directory,
                // A file system that does not answer has no room.
                freeBytes: (try? Disk().freeBytes(at: directory)) ?? 0,
                lastSequence: journal.lastSequence, imagesDropped: images.dropped))
    }

    private func lineState(_ camera: CameraState) -> (LineState, reason: String?) {
        if isStopping.withLock({ $0 }) { return (.stopping, "the daemon was told to stop") }
        if let failure = journal.health.failure { return (.journalFailed, failure) }
        switch camera {
        case .lost(let reason): return (.cameraLost, reason)
        case .finished: return (.finished, "the source came to its end")
        case .starting: return (.starting, "no frame has come yet")
        case .delivering where models.current == nil:
            return (.noModel, models.absence)
        case .delivering: return (.inspecting, nil)
        }
    }
}
