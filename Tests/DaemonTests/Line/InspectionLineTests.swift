import ControlProtocol
import Core
import Daemon
import FoundationEssentials
import Glibc
import Journal
import Platform
import ServiceLifecycle
import Settings
import Synchronization
import TestSupport
import Testing

/// Lets one part pass, and the others when it is opened, slowly: most of them wait at a change-over before that, and some at an end
/// soon after it.
private final class Gate: Sendable {
    private let state = Mutex((passed: 0, isOpen: false))
    private let pause: Duration

    /// - Parameter pause: that each picture takes.
    init(pause: Duration = .milliseconds(100)) { self.pause = pause }

    func pass(_ score: Float) -> Float {
        while state.withLock({ $0.passed > 0 && !$0.isOpen }) { usleep(10_000) }
        state.withLock { $0.passed += 1 }
        usleep(UInt32(pause / .microseconds(1)))
        return score
    }

    func open() { state.withLock { $0.isOpen = true } }
}

@Suite struct InspectionLineTests {
    let folder: TemporaryFolder
    let models = ModelSlot()
    var configuration = Configuration()
    var camera = Configuration.Camera()

    init() throws {
        folder = try TemporaryFolder()
        configuration.stateDirectory = "\(folder.path)/state"
        camera.path = "\(folder.path)/frames"
        camera.settleMilliseconds = 10
        camera.mode = .watch
        configuration.images.saveHeatmaps = .all
        configuration.images.minFreeBytes = 0
    }

    /// Runs the line until `body` is done, and stops it as the daemon does.
    private func withLine(
        _ recipe: LineRecipe? = nil, pictureDisk: Disk = Disk(), seeing look: (ImageStore) -> Void = { _ in },
        _ recipeNamed: @escaping @Sendable (String) -> LineRecipe = LineRecipe.gone,
        _ body: (InspectionLine, VerdictJournal) async throws -> Void
    ) async throws {
        let journal = VerdictJournal(
            stateDirectory: configuration.stateDirectory, settings: .patient, logger: .silent)
        let images = ImageStore(
            stateDirectory: configuration.stateDirectory, settings: configuration.images, disk: pictureDisk,
            events: .of(configuration.stateDirectory), logger: .silent)
        look(images)
        let recipe = recipe ?? TestLine.recipe(models, brightness: 4...255, frozenFrames: 5)
        let line = InspectionLine(
            cameras: [CameraSetup(camera, recipe: recipe, recipeNamed: recipeNamed, journal: journal)],
            storage: StorageWatch(stateDirectory: configuration.stateDirectory), journal: journal, images: images,
            logger: .silent)
        let group = ServiceGroup(
            services: [journal, images, InspectionService(line), CaptureService(line)], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do { try await body(line, journal) } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func records(_ journal: VerdictJournal, until count: UInt64) async throws -> [InspectionRecord] {
        for await _ in journal.changes() where journal.lastSequence >= count { break }
        return try journal.lines(from: 1, count: .max).map {
            try ControlCoding.decode(InspectionRecord.self, from: $0.bytes)
        }
    }

    private func put(_ level: UInt8, _ name: String) throws {
        try folder.write(TestLine.picture(level).pngBytes(), to: "frames/\(name)")
    }

    @Test(.timeLimit(.minutes(1))) func aReloadJudgesNoFileTwice() async throws {
        models.activate(
            TestLine.model(score: { score in
                // Slow enough that the rest waits when the camera is stopped.
                usleep(100_000)
                return score
            }))
        for number in 0..<8 { try put(50 + UInt8(number), "\(number).png") }
        try await withLine { line, journal in
            _ = try await records(journal, until: 1)
            var changed = camera
            changed.queueLength = 17
            let recipe = TestLine.recipe(models, brightness: 4...255, frozenFrames: 5)
            _ = await line.apply([CameraSetup(changed, recipe: recipe, journal: journal)])
            try put(99, "last.png")
            let names = try await records(journal, until: 9).map(\.frame)
            #expect(names.sorted() == (0..<8).map { "\($0).png" } + ["last.png"])
        }
    }

    @Test(.timeLimit(.minutes(1))) mutating func aPictureOnItsWayToTheDiskIsToldFromOneThatWasDropped() async throws {
        models.activate(TestLine.model())
        configuration.images.queueLength = 1
        for number in 0..<8 { try put(50 + UInt8(number), "\(number).png") }
        let stuck = StuckDisk(at: .write)
        stuck.stick()
        var images: ImageStore?
        try await withLine(pictureDisk: stuck.disk, seeing: { images = $0 }) { _, journal in
            _ = try await records(journal, until: 8)
            let store = try #require(images)
            let fates = (1...8).map { store.fate(of: UInt64($0)) }
            // One is being written, and one may wait behind it.
            #expect((1...2).contains(fates.count { $0 == .waiting }) && !fates.contains(nil), "\(fates)")
            stuck.letGo()
            while (1...8).contains(where: { store.fate(of: UInt64($0)) == .waiting }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(store.fate(of: 9) == nil)
        }
    }

    @Test(.timeLimit(.minutes(1))) func picturesThatTheDiskDoesNotTakeAreToldInTheEventJournal() async throws {
        models.activate(TestLine.model())
        for number in 0..<4 { try put(50 + UInt8(number), "\(number).png") }
        let failing = FailingDisk(.all(of: [.write], errno: EIO))
        var lines: [VerdictLine] = []
        try await withLine(pictureDisk: failing.disk) { _, journal in
            _ = try await records(journal, until: 4)
            lines = try journal.lines(from: 1, count: 10)
        }
        let events = try JournalReader(folder: "\(configuration.stateDirectory)/events")
            .lines(from: 1, below: .max, count: 10).map { try ControlCoding.decode(EventRecord.self, from: $0.bytes) }
        let dropped = events.filter { $0.event == .picturesDropped }
        // The first at once, the rest at the end. An OK part and its heat map are two.
        #expect(dropped.compactMap { $0.after["pictures"] }.reduce(0) { $0 + (Int("\($1)") ?? 0) } == 8)
        #expect(dropped.first?.after["first"] == .count(1) && dropped.last?.after["last"] == .count(4))
        #expect(dropped.allSatisfy { $0.origin == .daemon && "\($0.after["reason"] ?? .text(""))".contains("rror") })
        var pictures = PictureVerification(stateDirectory: configuration.stateDirectory, events: events) { _ in true }
        for line in lines { pictures.look(at: line) }
        pictures.finish()
        #expect(pictures.report.damage == 0 && pictures.report.classes.values.reduce(0) { $0 + $1.dropped } == 8)
    }

    @Test(.timeLimit(.minutes(1))) func whatTheJournalHasIsJudgedOnceThoughTheIndexIsLost() async throws {
        models.activate(TestLine.model())
        for number in 0..<3 { try put(50 + UInt8(number), "\(number).png") }
        try await withLine { _, journal in _ = try await records(journal, until: 3) }
        let index = "\(configuration.stateDirectory)/folders/\(camera.name).index"
        try #require(unlink(index) == 0)
        try put(99, "last.png")
        try await withLine { _, journal in
            let names = try await records(journal, until: 4).map(\.frame)
            #expect(names == ["0.png", "1.png", "2.png", "last.png"])
        }
    }

    @Test(.timeLimit(.minutes(1))) func aBacklogIsJudgedByTheRecipeOfItsTime() async throws {
        let gate = Gate()
        models.activate(TestLine.model(score: gate.pass))
        let lid = ModelSlot()
        lid.activate(TestLine.model(generation: 7))
        for number in 0..<20 { try put(50 + UInt8(number), "\(100 + number).png") }
        try await withLine { line, journal in
            _ = try await records(journal, until: 1)
            try await until { (line.readings.cameras[0].waiting ?? 0) > 10 }
            try line.use(TestLine.recipe(name: "lid", lid), for: camera.name)
            gate.open()
            try put(99, "last.png")
            let records = try await records(journal, until: 21)
            #expect(records.map(\.recipe) == Array(repeating: "default", count: 20) + ["lid"])
            #expect(records.map(\.generation) == Array(repeating: 1, count: 20) + [7])
            #expect(line.readings.cameras[0].waiting == 0)
        }
    }

    @Test(.timeLimit(.minutes(5))) func aBacklogIsJudgedByTheRecipeOfItsTimeAlsoAfterARestart() async throws {
        let cap = ModelSlot()
        cap.activate(TestLine.model(generation: 3))
        let slow = ModelSlot()
        // Some are left when the line has stopped, however long a busy machine takes to tell it.
        let gate = Gate(pause: .seconds(1))
        slow.activate(TestLine.model(score: gate.pass))
        for number in 0..<40 { try put(50 + UInt8(number), "\(100 + number).png") }
        let named = { @Sendable (name: String) in name == "cap" ? TestLine.recipe(name: "cap", cap) : .gone(name) }
        models.activate(TestLine.model(generation: 7))
        try await withLine(TestLine.recipe(name: "cap", slow), named) { line, journal in
            _ = try await records(journal, until: 1)
            try line.keepBacklog(of: camera.name)
            try line.use(TestLine.recipe(name: "lid", models), for: camera.name)
            gate.open()
        }
        try put(99, "last.png")
        try await withLine(TestLine.recipe(name: "lid", models), named) { _, journal in
            let records = try await records(journal, until: 41).sorted { $0.frame < $1.frame }
            #expect(records.map(\.recipe) == Array(repeating: "cap", count: 40) + ["lid"])
            #expect(records.contains { $0.generation == 3 })
        }
    }

    @Test(.timeLimit(.minutes(1))) func aPictureThatHasLostItsNameIsJudgedBeforeTheEnd() async throws {
        models.activate(
            TestLine.model(score: { score in
                usleep(100_000)
                return score
            }))
        try folder.write("", to: "frames/.keep")
        try await withLine { line, journal in
            try await until { line.readings.state == .inspecting }
            for number in 0..<8 { try put(50 + UInt8(number), "latest.png") }
            _ = try await records(journal, until: 1)
        }
        try put(99, "last.png")
        try await withLine { _, journal in
            // Each write once: judged, or missed when it was written over too soon.
            let records = try await records(journal, until: 9)
            #expect(records.count == 9 && records.last?.frame == "last.png")
        }
    }

    @Test(.timeLimit(.minutes(1))) func picturesOfAnotherCameraWithTheSameNameHaveNoVerdictYet() async throws {
        models.activate(TestLine.model())
        try put(50, "a.png")
        try await withLine { _, journal in
            _ = try await records(journal, until: 1)
            #expect(journal.inspectedFrames(of: camera.name)("a.png", 0))
            #expect(!journal.inspectedFrames(of: "other")("a.png", 0))
        }
    }

    @Test(.timeLimit(.minutes(1))) func everyPartInTheFolderGetsItsLineAndItsPictures() async throws {
        models.activate(TestLine.model(generation: 3, limit: 100))
        try put(50, "a.png")
        try put(150, "b.png")
        try folder.write("damaged", to: "frames/c.jpg")
        try await withLine { line, journal in
            let records = try await records(journal, until: 3)
            #expect(records.map(\.frame) == ["a.png", "b.png", "c.jpg"])
            #expect(records.map(\.verdict) == [.ok, .ng, .invalid])
            #expect(records.map(\.cause) == [nil, nil, "decode_failed"])
            #expect(records.map(\.score) == [50, 150, nil])
            #expect(records.map(\.durable) == [false, true, false])
            #expect(records[1].regions == [.init(x: 1, y: 2, width: 38, height: 20, peak: 150)])
            #expect(records[2].image == nil)
            // A part is counted a moment after its line is there.
            while line.readings.counts.invalid == 0 { try await Task.sleep(for: .milliseconds(5)) }
            let readings = line.readings
            #expect(readings.state == .inspecting)
            #expect(readings.counts == CountsReply(ok: 1, ng: 1, invalid: 1, causes: ["decode_failed": 1]))
            #expect(readings.cameras[0].frames == 3)
            #expect(readings.storage.lastSequence == 3)
        }
        // Stopped: whatever waited is written.
        let journal = VerdictJournal(
            stateDirectory: configuration.stateDirectory, settings: .patient, logger: .silent)
        for line in try journal.lines(from: 1, count: 2) {
            let record = try ControlCoding.decode(InspectionRecord.self, from: line.bytes)
            let image = try #require(record.image)
            let bytes = try [UInt8](Data(contentsOf: URL(filePath: "\(configuration.stateDirectory)/\(image)")))
            #expect(try Image(decoding: bytes).height == 24)
            let heatmap = try #require(record.heatmap)
            #expect(FileManager.default.fileExists(atPath: "\(configuration.stateDirectory)/\(heatmap)"))
        }
    }

    @Test func aRestartGoesOnWithoutJudgingAPartTwice() async throws {
        try put(50, "a.png")
        try await withLine { _, journal in _ = try await records(journal, until: 1) }
        try put(60, "b.png")
        try await withLine { line, journal in
            let records = try await records(journal, until: 2)
            #expect(records.map(\.frame) == ["a.png", "b.png"])
            #expect(records.map(\.seq) == [1, 2])
            #expect(line.readings.state == .noModel)
        }
    }

    @Test func aMissingFolderIsALostCameraAndComesBack() async throws {
        try await withLine { line, journal in
            while line.readings.state == .starting { try await Task.sleep(for: .milliseconds(5)) }
            #expect(line.readings.state == .cameraLost)
            #expect(line.readings.reason?.contains("\(folder.path)/frames") == true)
            try put(50, "a.png")
            #expect(try await records(journal, until: 1).map(\.frame) == ["a.png"])
            #expect(line.readings.state == .noModel)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aWatchedFolderIsWellBeforeItsFirstFile() async throws {
        models.activate(TestLine.model())
        try folder.write("", to: "frames/.keep")
        try await withLine { line, _ in
            try await until { line.readings.state == .inspecting }
            #expect(line.readings.cameras[0].frames == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func filesThatAreNoPicturesAreCountedAndFiveInARowAreAFault() async throws {
        models.activate(TestLine.model())
        try folder.write("", to: "frames/readme.txt")
        try await withLine { line, journal in
            try await until { line.readings.state == .inspecting }
            for number in 1...5 { try folder.write("RIFF", to: "frames/part\(number).webp") }
            try await until { line.readings.state == .cameraInvalid }
            #expect(line.readings.reason?.contains(".webp") == true)
            // Once each, however often the folder is looked at, and not what was there before.
            #expect(line.readings.cameras[0].skipped == 5)
            try put(50, "part6.png")
            _ = try await records(journal, until: 1)
            try await until { line.readings.state == .inspecting }
            #expect(line.readings.health.warnings.map(\.place) == ["camera camera1"])
            #expect(line.readings.cameras[0].notRead == "1 .txt, 5 .webp")
        }
    }

    @Test mutating func aReplayThatEndsHasSeenEachPictureOnce() async throws {
        for number in 0..<20 { try put(UInt8(50 + number), "p\(100 + number).png") }
        camera.mode = .replay
        camera.repeat = false
        camera.rateHertz = 1000
        models.activate(TestLine.model())
        try await withLine { line, journal in
            let records = try await records(journal, until: 20)
            #expect(records.map(\.score) == (0..<20).map { Float(50 + $0) })
            while line.readings.state != .finished { try await Task.sleep(for: .milliseconds(5)) }
            #expect(line.readings.cameras[0].dropped == 0)
        }
    }

    @Test mutating func theReplayOfOnePictureIsFrozen() async throws {
        try put(50, "a.png")
        camera.mode = .replay
        camera.rateHertz = 200
        models.activate(TestLine.model())
        try await withLine { line, journal in
            let records = try await records(journal, until: 12)
            let judged = records.prefix { $0.verdict == .ok }
            // Frames that were replaced in the queue count, too: on a busy machine that may be the first four.
            #expect((0...4).contains(judged.count))
            #expect(records.dropFirst(judged.count).allSatisfy { $0.cause == "frame_frozen" })
            let readings = line.readings
            #expect(readings.state == .cameraInvalid)
            #expect(readings.reason?.contains("frame_frozen") == true)
        }
    }
}
