import Capture
import ControlProtocol
import Core
import Daemon
import Glibc
import Journal
import Platform
import ServiceLifecycle
import Settings
import Synchronization
import TestSupport

/// A camera that does what the test says, at 100 frames a second.
final class TestCamera: Sendable {
    struct Script {
        var error: CaptureError?
        var fault: FrameFault?
        var level: UInt8 = 50
        /// Of every second picture; nil = as the others.
        var secondLevel: UInt8?
        /// Says nothing at all.
        var isSilent = false
        /// Never returns.
        var isHung = false
        /// The same picture again and again.
        var isFrozen = false
    }

    let script = Mutex(Script())
    let opened = Counter()
    let closed = Counter()

    func change(_ body: (inout Script) -> Void) { script.withLock { body(&$0) } }

    struct Source: FrameSource {
        private final class Device {
            let camera: TestCamera
            init(_ camera: TestCamera) { self.camera = camera }
            deinit { camera.closed.add() }
        }

        private let device: Device
        private var number: UInt64 = 0
        var reading = SourceReading(description: "test")

        init(_ camera: TestCamera) {
            device = Device(camera)
            camera.opened.add()
        }

        mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent {
            let script = device.camera.script.withLock { $0 }
            while device.camera.script.withLock({ $0.isHung }) { usleep(10_000) }
            if let error = script.error { throw error }
            usleep(10_000)
            guard !script.isSilent else { return .none }
            number += 1
            var pixels = TestLine.picture(number % 2 == 0 ? script.secondLevel ?? script.level : script.level)
            // No two frames of a camera are the same.
            pixels.pixels[pixels.pixels.count - 1] = script.isFrozen ? 0 : UInt8(truncatingIfNeeded: number)
            let picture = Picture(.file, bytes: pixels.pngBytes())
            reading.damaged += script.fault == nil ? 0 : 1
            return .frame(
                Frame(
                    name: "\(number)", number: number,
                    payload: script.fault.map { .failure($0) } ?? .success(picture)))
        }
    }
}

struct TestSink: VerdictSink {
    let tell: @Sendable (InspectionRecord) -> Void

    func note(_ record: InspectionRecord) { tell(record) }
}

/// A line of test cameras, run as the daemon runs it.
struct TestStation {
    let folder: TemporaryFolder
    let journal: VerdictJournal
    let line: InspectionLine
    let stream: PartStream
    private let services: [any Service]

    init(
        _ cameras: [CameraSetup], journal journalSettings: JournalSettings = .patient, disk: Disk = Disk(),
        sinks: [any VerdictSink] = [], desks: [OutputDesk] = []
    ) throws {
        folder = try TemporaryFolder()
        var settings = Configuration.Images()
        settings.saveImages = .none
        journal = VerdictJournal(stateDirectory: folder.path, settings: journalSettings, disk: disk, logger: .silent)
        let images = ImageStore(
            stateDirectory: folder.path, settings: settings, events: .of(folder), logger: .silent)
        let storage = StorageWatch(stateDirectory: folder.path, disk: disk)
        stream = PartStream(stateDirectory: folder.path, disk: disk, logger: .silent)
        line = InspectionLine(
            cameras: cameras, storage: storage, journal: journal, images: images, stream: stream, desks: desks,
            others: [stream], logger: .silent)
        services = [journal, images, storage, stream, InspectionService(line, sinks: sinks), CaptureService(line)]
    }

    func run(_ body: () async throws -> Void) async throws {
        let group = ServiceGroup(services: services, logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do { try await body() } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func trigger(_ part: String?) async throws -> InspectionRecord {
        try await line.trigger(camera: nil, part: part).inspection
    }

    var records: [InspectionRecord] {
        get throws {
            try journal.lines(from: 1, count: .max).map {
                try ControlCoding.decode(InspectionRecord.self, from: $0.bytes)
            }
        }
    }

    static func setup(
        _ name: String, _ camera: TestCamera, trigger: Configuration.Camera.Trigger = .continuous, deadline: Int = 1000,
        recipe: LineRecipe
    ) -> CameraSetup {
        var configuration = Configuration.Camera()
        configuration.name = name
        configuration.mode = .replay
        configuration.trigger = trigger
        configuration.triggerDeadlineMilliseconds = deadline
        configuration.intervalMilliseconds = 50
        configuration.rateHertz = 100
        return CameraSetup(configuration, recipe: recipe) { TestCamera.Source(camera) }
    }

    static func recipe(_ name: String, limit: Float = 100, generation: Int = 1) -> LineRecipe {
        let models = ModelSlot()
        models.activate(TestLine.model(generation: generation, limit: limit))
        return TestLine.recipe(name: name, models, frozenFrames: 5)
    }
}

/// Waits until something holds; the suite's time limit is what ends it otherwise.
func until(_ condition: () throws -> Bool) async throws {
    while try !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
