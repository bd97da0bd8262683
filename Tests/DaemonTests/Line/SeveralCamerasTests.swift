import Capture
import ControlProtocol
import Core
import Daemon
import Glibc
import Platform
import Settings
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct SeveralCamerasTests {
    @Test func eachCameraHasItsRecipeItsCountsAndItsState() async throws {
        let (left, right) = (TestCamera(), TestCamera())
        right.change { $0.level = 150 }
        let station = try TestStation([
            TestStation.setup("left", left, recipe: TestStation.recipe("cap")),
            TestStation.setup("right", right, recipe: TestStation.recipe("lid")),
        ])
        try await station.run {
            try await until { try station.records.count > 20 }
            let records = try station.records
            #expect(
                Set(records.map { "\($0.camera) \($0.recipe) \($0.verdict.rawValue)" }) == [
                    "left cap OK", "right lid NG",
                ])
            try await until { station.line.readings.state == .inspecting }
            right.change { $0.error = .noPictures(path: "/x") }
            try await until { station.line.readings.state == .cameraLost }
            let readings = station.line.readings
            #expect(readings.cameras.map(\.state) == [.inspecting, .cameraLost])
            #expect(readings.reason?.hasPrefix("right: camera: folder /x") == true)
            let judged = readings.cameras[0].counts.ok
            try await until { station.line.readings.cameras[0].counts.ok > judged + 5 }
            right.change { $0.error = nil }
            try await until { station.line.readings.state == .inspecting }
        }
    }

    @Test func aCameraThatFallsSilentIsNotCalledInspecting() async throws {
        let camera = TestCamera()
        let station = try TestStation([TestStation.setup("cam", camera, recipe: TestStation.recipe("cap"))])
        try await station.run {
            try await until { station.line.readings.state == .inspecting }
            camera.change { $0.isSilent = true }
            let start = ContinuousClock.now
            try await until { station.line.readings.state == .cameraStalled }
            #expect(.now - start >= .milliseconds(1900))
            camera.change { $0.isSilent = false }
            try await until { station.line.readings.state == .inspecting }
        }
    }

    @Test(arguments: [Configuration.Camera.Trigger.software, .continuous])
    func aFrozenCameraIsSeenBeforeAnyTrigger(trigger: Configuration.Camera.Trigger) async throws {
        let camera = TestCamera()
        let station = try TestStation([
            TestStation.setup("cam", camera, trigger: trigger, recipe: TestStation.recipe("cap"))
        ])
        try await station.run {
            try await until { station.line.readings.state == .inspecting }
            camera.change { $0.isFrozen = true }
            try await until { station.line.readings.state == .cameraInvalid }
            #expect(station.line.readings.reason?.contains("same bytes") == true)
            camera.change { $0.isFrozen = false }
            try await until { station.line.readings.state == .inspecting }
        }
    }

    @Test func aCameraThatSendsOnlyDamagedFramesIsNotCalledInspecting() async throws {
        let camera = TestCamera()
        let station = try TestStation([
            TestStation.setup("cam", camera, trigger: .software, recipe: TestStation.recipe("cap"))
        ])
        try await station.run {
            try await until { station.line.readings.state == .inspecting }
            camera.change { $0.fault = .flagged }
            try await until { station.line.readings.state == .cameraStalled }
            camera.change { $0.fault = nil }
            try await until { station.line.readings.state == .inspecting }
        }
        #expect(try station.records.isEmpty)
    }

    @Test func atTheEndNobodyWaitsForACameraWhoseDriverHangs() async throws {
        let camera = TestCamera()
        let station = try TestStation([
            TestStation.setup("cam", camera, trigger: .software, deadline: 60_000, recipe: TestStation.recipe("cap"))
        ])
        var waiting: Task<TriggerReply, any Error>?
        try await station.run {
            try await until { station.line.readings.state == .inspecting }
            camera.change { $0.isHung = true }
            try await until { station.line.stalledLoop(after: .milliseconds(100)) == "camera cam" }
            waiting = Task { try await station.line.trigger(camera: nil, part: "S1") }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await waiting?.value.inspection.cause == "camera_lost")
        camera.change { $0.isHung = false }
    }

    @Test func whatPresenceCannotSeeIsInvalidOnceAndNeverOK() async throws {
        let camera = TestCamera()
        let models = ModelSlot()
        // A model of before the recipe's roi, which does not lie in the frame, was set.
        models.activate(TestLine.model())
        let area = InspectionArea(roi: PixelRectangle(x: 0, y: 0, width: 400, height: 24), ignore: [])
        let station = try TestStation([
            TestStation.setup("cam", camera, trigger: .presence, recipe: TestLine.recipe(models, area: area))
        ])
        try await station.run {
            try await until { try station.records.count == 1 }
            let frames = station.line.readings.cameras[0].frames
            try await until { station.line.readings.cameras[0].frames > frames + 20 }
        }
        #expect(try station.records.map(\.cause) == ["size_mismatch"])
    }

    @Test func aCameraThatHangsIsNamedAndTheOthersGoOn() async throws {
        let (left, right) = (TestCamera(), TestCamera())
        let station = try TestStation([
            TestStation.setup("left", left, recipe: TestStation.recipe("cap")),
            TestStation.setup("right", right, recipe: TestStation.recipe("cap")),
        ])
        try await station.run {
            try await until { station.line.readings.state == .inspecting }
            #expect(station.line.stalledLoop(after: .seconds(1)) == nil)
            right.change { $0.isHung = true }
            try await until { station.line.stalledLoop(after: .milliseconds(100)) == "camera right" }
            let judged = station.line.readings.cameras[0].counts.ok
            try await until { station.line.readings.cameras[0].counts.ok > judged + 5 }
            right.change { $0.isHung = false }
            try await until { station.line.stalledLoop(after: .milliseconds(100)) == nil }
        }
    }

    @Test func anInspectionThatHangsIsNamed() async throws {
        let isHung = Mutex(true)
        let models = ModelSlot()
        models.activate(
            TestLine.model(score: { score in
                while isHung.withLock({ $0 }) { usleep(10_000) }
                return score
            }))
        let station = try TestStation([TestStation.setup("cam", TestCamera(), recipe: TestLine.recipe(models))])
        try await station.run {
            try await until { station.line.stalledLoop(after: .milliseconds(100)) == "inspection" }
            // The camera goes on beside it, and a reading waits for nothing.
            try await until { station.line.readings.cameras[0].frames > 5 }
            isHung.withLock { $0 = false }
            try await until { station.line.stalledLoop(after: .milliseconds(100)) == nil }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aVerdictOfTheRunBeforeAReloadIsNotCountedForTheOneAfterIt() async throws {
        let camera = TestCamera()
        let isHung = Mutex(true)
        let models = ModelSlot()
        models.activate(
            TestLine.model(score: { score in
                while isHung.withLock({ $0 }) { usleep(10_000) }
                return score
            }))
        let setup = TestStation.setup("cam", camera, recipe: TestLine.recipe(models))
        let station = try TestStation([setup])
        try await station.run {
            try await until { station.line.stalledLoop(after: .milliseconds(50)) == "inspection" }
            camera.change { $0.isSilent = true }
            var configuration = setup.configuration
            configuration.rateHertz = 50
            let changed = CameraSetup(configuration, recipe: setup.recipe, makeSource: setup.makeSource)
            _ = await station.line.apply([changed])
            isHung.withLock { $0 = false }
            try await until { station.line.readings.counts.ok > 0 }
            #expect(station.line.readings.cameras[0].counts == CountsReply())
        }
    }

    @Test(.timeLimit(.minutes(1))) func aDiskThatHangsHoldsNobodyUpAndLetsNoPartPass() async throws {
        let isHung = Mutex(false)
        let disk = Disk { operation, _ in
            while operation == .sync, isHung.withLock({ $0 }) { usleep(10_000) }
            return nil
        }
        var settings = JournalSettings.patient
        settings.syncsEachLine = true
        settings.patience = .milliseconds(100)
        let told = Mutex<[InspectionRecord]>([])
        let station = try TestStation(
            [TestStation.setup("cam", TestCamera(), trigger: .software, recipe: TestStation.recipe("cap"))],
            journal: settings, disk: disk, sinks: [TestSink { record in told.withLock { $0.append(record) } }])
        try await station.run {
            // The patience is for the disk, and this machine may be busy.
            while try await station.trigger("before").verdict != .ok {}
            isHung.withLock { $0 = true }
            let judged = station.line.readings.counts.ok
            for part in 1...5 {
                let record = try await station.trigger("P\(part)")
                #expect(record.verdict == .invalid && record.cause == "storage_failed" && record.part == "P\(part)")
                #expect(record.score == nil && record.limit == nil && record.stored == .memory && !record.durable)
                #expect(told.withLock { $0.last } == record)
            }
            let readings = station.line.readings
            #expect(readings.state == .journalFailed && readings.reason?.contains("does not answer") == true)
            #expect(readings.counts.ok == judged && readings.counts.causes["storage_failed"] ?? 0 >= 5)
            // A start would mend no disk.
            #expect(station.line.stalledLoop(after: .milliseconds(1)) != "journal")
            isHung.withLock { $0 = false }
            try await until { station.line.readings.state == .inspecting }
            while try await station.trigger("after").verdict != .ok {}
        }
        // What got no number in the first moment of a busy machine has no line.
        let (kept, heard) = (try station.records, told.withLock { $0.filter { $0.stored != .nowhere } })
        #expect(
            kept == heard,
            "\(zip(kept, heard).first { $0 != $1 }.map { "\($0) \($1)" } ?? "\(kept.count) \(heard.count)")")
    }

    @Test func aPartThatComesToRestIsOnePart() async throws {
        let camera = TestCamera()
        camera.change { $0.level = 40 }
        let station = try TestStation([
            TestStation.setup("cam", camera, trigger: .presence, recipe: TestStation.recipe("cap"))
        ])
        try await station.run {
            for round in 1...3 {
                let frames = station.line.readings.cameras[0].frames
                try await until { station.line.readings.cameras[0].frames > frames + 10 }
                #expect(try station.records.count == round - 1)
                camera.change { $0.level = 40 + UInt8(round) * 50 }
                try await until { try station.records.count == round }
            }
        }
        #expect(try station.records.map(\.score) == [90, 140, 190])
    }

    @Test func anIntervalMakesPartsAtItsPaceAndFaultsThatItHitsAreInvalid() async throws {
        let camera = TestCamera()
        let station = try TestStation([
            TestStation.setup("cam", camera, trigger: .interval, recipe: TestStation.recipe("cap"))
        ])
        try await station.run {
            try await until { try station.records.count >= 10 }
            // 50 ms of frames of a little more than 10 ms each, on a machine that may be busy.
            #expect(station.line.readings.cameras[0].frames >= 20)
            camera.change { $0.fault = .flagged }
            let count = try station.records.count
            try await until { try station.records.count >= count + 3 }
            #expect(try station.records.last?.cause == "frame_error")
            let damaged = station.line.readings.cameras[0].damaged
            #expect(damaged > station.line.readings.counts.invalid)
        }
    }

    @Test func theVerdictIsInTheJournalBeforeOthersAreTold() async throws {
        let told = Mutex<[UInt64]>([])
        let camera = TestCamera()
        let sink = TestSink { record in told.withLock { $0.append(record.seq) } }
        let station = try TestStation(
            [TestStation.setup("cam", camera, recipe: TestStation.recipe("cap"))], sinks: [sink])
        try await station.run { try await until { told.withLock(\.count) >= 10 } }
        #expect(told.withLock { $0 } == (try station.records.map(\.seq)))
    }
}

// MARK: Change-over and reload

extension SeveralCamerasTests {
    @Test func aChangeOverLosesNoVerdictAndMixesNoRecipes() async throws {
        let camera = TestCamera()
        let (cap, lid) = (TestStation.recipe("cap", limit: 100), TestStation.recipe("lid", limit: 40, generation: 7))
        let station = try TestStation([TestStation.setup("cam", camera, recipe: cap)])
        try await station.run {
            for round in 1...10 {
                let count = try station.records.count
                try await until { try station.records.count >= count + 2 }
                try station.line.use(round % 2 == 1 ? lid : cap, for: "cam")
            }
            let count = try station.records.count
            try await until { try station.records.count >= count + 2 }
        }
        let records = try station.records
        #expect(Set(records.map(\.recipe)) == ["cap", "lid"])
        for record in records {
            #expect(record.limit == (record.recipe == "cap" ? 100 : 40))
            #expect(record.generation == (record.recipe == "cap" ? 1 : 7))
            #expect(record.verdict == (record.recipe == "cap" ? .ok : .ng))
        }
        #expect(throws: TriggerRefusal.noSuchCamera("x", known: ["cam"])) { try station.line.use(cap, for: "x") }
    }

    @Test func aChangeOverDuringAReloadIsNotUndone() async throws {
        let camera = TestCamera()
        let (cap, lid) = (TestStation.recipe("cap"), TestStation.recipe("lid"))
        let station = try TestStation([TestStation.setup("cam", camera, recipe: cap)])
        let asked = Mutex(0)
        try await station.run {
            _ = await station.line.apply { () -> [CameraSetup] in
                let count = asked.withLock { count in
                    count += 1
                    return count
                }
                // An operator changes over after the second time that the book was asked.
                if count == 2 { try? station.line.use(lid, for: "cam") }
                return [TestStation.setup("cam", camera, recipe: count <= 2 ? cap : lid)]
            }
            #expect(station.line.readings.cameras[0].recipe == "lid")
        }
        #expect(asked.withLock { $0 } == 4)
    }

    @Test func aReloadRestartsOnlyTheCamerasThatChanged() async throws {
        let (left, right, third) = (TestCamera(), TestCamera(), TestCamera())
        let (cap, lid) = (TestStation.recipe("cap"), TestStation.recipe("lid"))
        let station = try TestStation([
            TestStation.setup("left", left, recipe: cap), TestStation.setup("right", right, recipe: cap),
        ])
        try await station.run {
            try await until { station.line.readings.state == .inspecting }
            let frames = station.line.readings.cameras[0].frames
            let done = await station.line.apply([
                TestStation.setup("third", third, recipe: lid), TestStation.setup("left", left, recipe: lid),
                TestStation.setup("right", right, trigger: .interval, recipe: cap),
            ])
            #expect(done == ["camera third added", "camera right started with its new settings"])
            try await until { station.line.readings.state == .inspecting }
            let cameras = station.line.readings.cameras
            #expect(cameras.map(\.name) == ["third", "left", "right"])
            #expect(cameras.map(\.recipe) == ["lid", "lid", "cap"])
            #expect(cameras[1].frames > frames)
            #expect([left, right, third].map(\.opened.value) == [1, 2, 1])
            // One device is open at a time.
            #expect(right.closed.value == 1)
            #expect(await station.line.apply([TestStation.setup("left", left, recipe: lid)]).count == 2)
            #expect(station.line.readings.cameras.map(\.name) == ["left"])
            #expect(right.closed.value == 2)
        }
        #expect([left, right, third].map(\.closed.value) == [1, 2, 1])
        let records = try station.records
        #expect(records.map(\.seq) == (1...UInt64(records.count)).map(\.self))
    }
}
