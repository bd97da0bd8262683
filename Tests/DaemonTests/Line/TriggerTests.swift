import Capture
import ControlProtocol
import Core
import Daemon
import Glibc
import Settings
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct TriggerTests {
    private let camera = TestCamera()

    private func station(deadline: Int = 1000) throws -> TestStation {
        try TestStation([
            TestStation.setup("cam", camera, trigger: .software, deadline: deadline, recipe: TestStation.recipe("cap"))
        ])
    }

    @Test func aTriggeredPartIsInspectedInAFrameOfAfterwardsAndNothingElseIs() async throws {
        let station = try station()
        try await station.run {
            try await until { station.line.readings.cameras[0].frames > 5 }
            for number in 1...20 {
                let reply = try await station.line.trigger(camera: nil, part: "S\(number)", id: UInt32(number))
                #expect(reply.inspection.verdict == .ok)
                #expect(reply.inspection.triggerID == UInt32(number))
                #expect(reply.inspection.part == "S\(number)")
                #expect(try #require(reply.exposedMicroseconds) >= reply.triggeredMicroseconds)
            }
            let records = try station.records
            #expect(records.map(\.part) == (1...20).map { "S\($0)" })
            #expect(records.map(\.triggerID) == Array(1...20))
            #expect(Set(records.map(\.frame)).count == 20)
        }
        #expect(try station.records.count == 20)
    }

    @Test func theAnswerComesBeforeTheVerdictIsShown() async throws {
        let isAnswered = Mutex(false)
        let wasAnswered = Mutex<[Bool]>([])
        // On a busy machine the frame may come late; that is not what is looked at here.
        let setup = TestStation.setup(
            "cam", camera, trigger: .software, deadline: 60_000, recipe: TestStation.recipe("cap"))
        let sink = TestSink { _ in
            // Whoever shows the verdict takes his time.
            let end = ContinuousClock.now + .seconds(20)
            while ContinuousClock.now < end, !isAnswered.withLock({ $0 }) { usleep(1000) }
            wasAnswered.withLock { $0.append(isAnswered.withLock { $0 }) }
        }
        let station = try TestStation([setup], sinks: [sink])
        try await station.run {
            let verdict = try await station.trigger("S1").verdict
            #expect(verdict == .ok)
            isAnswered.withLock { $0 = true }
        }
        #expect(wasAnswered.withLock { $0 } == [true])
    }

    @Test func withoutACameraAPartIsInvalidAtOnce() async throws {
        camera.change { $0.error = .noPictures(path: "/x") }
        let station = try station(deadline: 10_000)
        try await station.run {
            try await until { station.line.readings.state == .cameraLost }
            // Not only at the deadline, which would be another cause.
            let reply = try await station.line.trigger(camera: "cam", part: "S1")
            #expect(reply.inspection.cause == "camera_lost")
            #expect(reply.exposedMicroseconds == nil)
        }
        #expect(try station.records.map(\.part) == ["S1"])
    }

    @Test func aCameraThatGoesWhileAPartWaitsIsTheAnswer() async throws {
        camera.change { $0.isSilent = true }
        let station = try station(deadline: 10_000)
        try await station.run {
            async let reply = station.line.trigger(camera: nil, part: nil)
            try await Task.sleep(for: .milliseconds(50))
            camera.change { $0.error = .noPictures(path: "/x") }
            #expect(try await reply.inspection.cause == "camera_lost")
        }
    }

    @Test func withoutAFrameInTimeAPartIsInvalidAtItsDeadline() async throws {
        camera.change { $0.isSilent = true }
        let station = try station(deadline: 150)
        try await station.run { () async throws in
            let start = ContinuousClock.now
            #expect(try await station.trigger("S1").cause == "deadline_missed")
            #expect(.now - start >= .milliseconds(150))
            camera.change { $0.isHung = true }
            #expect(try await station.trigger("S2").cause == "deadline_missed")
            camera.change { $0.isHung = false }
        }
        #expect(try station.records.map(\.part) == ["S1", "S2"])
    }

    @Test(
        arguments: [
            (.flagged, "frame_error"), (.short(bytes: 1, expected: 2), "frame_short"),
            (.stale(milliseconds: 900), "frame_stale"),
        ] as [(FrameFault, String)])
    func aDamagedFrameThatTheTriggerHitsIsInvalidAndOthersAreCounted(fault: FrameFault, cause: String) async throws {
        camera.change { $0.fault = fault }
        let station = try station()
        try await station.run {
            try await until { station.line.readings.cameras[0].damaged >= 10 }
            #expect(try station.records.isEmpty)
            #expect(try await station.trigger("S1").cause == cause)
        }
        #expect(try station.records.count == 1)
    }

    @Test func aPartIsJudgedByTheRecipeThatWasInUseWhenItWasTriggered() async throws {
        camera.change { $0.isSilent = true }
        let station = try station(deadline: 10_000)
        try await station.run {
            async let before = station.line.trigger(camera: nil, part: "S1")
            try await Task.sleep(for: .milliseconds(50))
            try station.line.use(TestStation.recipe("lid", limit: 10), for: "cam")
            async let after = station.line.trigger(camera: nil, part: "S2")
            try await Task.sleep(for: .milliseconds(50))
            camera.change { $0.isSilent = false }
            #expect(try await before.inspection.recipe == "cap")
            #expect(try await after.inspection.recipe == "lid")
        }
        #expect(try station.records.map(\.verdict) == [.ok, .ng])
    }

    @Test func whoWaitsWhenTheLineStopsOrTheCameraIsReplacedIsAnswered() async throws {
        camera.change { $0.isSilent = true }
        let station = try station(deadline: 60_000)
        var stopped: Task<TriggerReply, any Error>?
        try await station.run {
            async let replaced = station.line.trigger(camera: nil, part: "S1")
            try await Task.sleep(for: .milliseconds(50))
            _ = await station.line.apply([
                TestStation.setup(
                    "cam", camera, trigger: .software, deadline: 50_000, recipe: TestStation.recipe("cap"))
            ])
            #expect(try await replaced.inspection.cause == "camera_lost")
            stopped = Task { try await station.line.trigger(camera: nil, part: "S2") }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await stopped?.value.inspection.cause == "camera_lost")
        #expect(try station.records.map(\.part) == ["S1", "S2"])
    }

    @Test func aReloadThatStartsTheCameraAnewLosesNoTrigger() async throws {
        let station = try station(deadline: 20_000)
        try await station.run {
            try await withThrowingTaskGroup(of: String?.self) { tasks in
                for number in 0..<60 {
                    tasks.addTask {
                        try await Task.sleep(for: .milliseconds(10 * number))
                        return try await station.line.trigger(camera: nil, part: "S\(number)").inspection.part
                    }
                }
                for round in 1...3 {
                    _ = await station.line.apply([
                        TestStation.setup(
                            "cam", camera, trigger: .software, deadline: 20_000 + round,
                            recipe: TestStation.recipe("cap"))
                    ])
                }
                let answered = try await tasks.reduce(into: [String?]()) { $0.append($1) }
                #expect(Set(answered).count == 60)
            }
        }
        let records = try station.records
        #expect(Set(records.map(\.part)).count == 60 && records.count == 60)
        #expect(records.allSatisfy { $0.verdict == .ok || $0.cause == "camera_lost" })
    }

    @Test func moreThan64WaitingPartsAreRefused() async throws {
        camera.change { $0.isSilent = true }
        let station = try station(deadline: 300)
        try await station.run {
            let outcomes = await withTaskGroup(of: Bool.self) { tasks in
                for number in 0..<80 {
                    tasks.addTask {
                        // Refused = false; every other one has its answer.
                        (try? await station.line.trigger(camera: nil, part: "S\(number)")) != nil
                    }
                }
                return await tasks.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(outcomes.filter(\.self).count == 64)
        }
        let records = try station.records
        #expect(records.count == 64)
        #expect(Set(records.map(\.part)).count == 64)
    }

    @Test(arguments: ["", "a\nb", "\u{0}", "x\u{7f}", String(repeating: "x", count: 129)])
    func aSerialThatIsNoneIsRefused(part: String) async throws {
        let station = try station()
        try await station.run {
            await #expect(throws: TriggerRefusal.badSerial) { try await station.line.trigger(camera: nil, part: part) }
        }
        #expect(try station.records.isEmpty)
    }

    @Test func theCameraThatIsMeantIsFoundOrAskedFor() async throws {
        let others = (TestCamera(), TestCamera())
        let cap = TestStation.recipe("cap")
        let station = try TestStation([
            TestStation.setup("a", others.0, recipe: cap),
            TestStation.setup("b", camera, trigger: .software, recipe: cap),
        ])
        try await station.run { () async throws in
            #expect(try await station.trigger(nil).camera == "b")
            await #expect(throws: TriggerRefusal.notTriggered(camera: "a", trigger: "continuous")) {
                try await station.line.trigger(camera: "a", part: nil)
            }
            await #expect(throws: TriggerRefusal.noSuchCamera("c", known: ["a", "b"])) {
                try await station.line.trigger(camera: "c", part: nil)
            }
            await #expect(throws: TriggerRefusal.severalCameras(["a", "b"])) {
                try await station.line.nextPictures(1, of: nil) { _ in }
            }
            _ = await station.line.apply([
                TestStation.setup("b", camera, trigger: .software, recipe: cap),
                TestStation.setup("c", others.1, trigger: .software, recipe: cap),
            ])
            await #expect(throws: TriggerRefusal.severalCameras(["b", "c"])) {
                try await station.line.trigger(camera: nil, part: nil)
            }
        }
    }

    @Test func theNextPicturesAreGivenBesideTheInspection() async throws {
        let station = try station()
        try await station.run {
            var pictures: [Picture] = []
            try await station.line.nextPictures(3, of: nil) { picture in
                pictures.append(picture)
                // Those that come meanwhile wait.
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(try pictures.map { try $0.image().height } == [24, 24, 24])
            let marks = try pictures.map { Int(try #require($0.image().pixels.last)) }
            #expect(marks == [marks[0], marks[0] + 1, marks[0] + 2])
            camera.change { $0.error = .noPictures(path: "/x") }
            try await until { station.line.readings.state == .cameraLost }
            await #expect(throws: TriggerRefusal.self) { try await station.line.nextPictures(1, of: "cam") { _ in } }
        }
        #expect(try station.records.isEmpty)
    }

    @Test func whoWantsPicturesNoMoreIsLetGoAtOnce() async throws {
        camera.change { $0.isSilent = true }
        let station = try station()
        try await station.run {
            let waiting = Task { try await station.line.nextPictures(1, of: nil) { _ in } }
            try await Task.sleep(for: .milliseconds(50))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
    }
}
