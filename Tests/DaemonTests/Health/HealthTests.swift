import Capture
import ControlProtocol
import Core
import Daemon
import Foundation
import Glibc
import Platform
import Settings
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct HealthTests {
    /// What an operator has to be told when a camera's parts all end with a cause; nil = nothing, by the cause alone.
    /// By hand beside the table of the daemon: a cause that is new has to be decided here, too.
    private static func expected(_ cause: InvalidCause) -> LineState? {
        switch cause {
        case .frameUnreadable, .missed, .frameError, .frameShort, .frameStale, .decodeFailed, .sizeMismatch, .frameDark,
            .frameSaturated, .frameFrozen, .sceneShifted, .partNotFound:
            .cameraInvalid
        case .modelMismatch, .scoreNotFinite: .modelFailed
        case .deadlineMissed, .triggerLost, .triggerOverrun: .late
        // The recipe without a model that anything is judged by, the camera that is away, the lines and the journal say so
        // themselves.
        case .noModel, .modelUnreadable, .stateUnreadable, .cameraLost, .ioLost, .storageFailed: nil
        // The line does what it was asked to.
        case .commissioning: nil
        }
    }

    @Test func aFaultKeepsItsBeginningWhileItsReasonCountsOnAndGetsANewOneWhenItIsBack() async throws {
        let times = FindingTimes()
        func seen(_ seconds: Int) -> WallTime {
            let finding = Finding("camera cam0", .cameraLost, "no frames for \(seconds) s")
            return times.see(Health([finding]))(finding)
        }
        let first = seen(1)
        try await Task.sleep(for: .milliseconds(2))
        #expect(seen(2) == first)
        times.see(Health([]))
        try await Task.sleep(for: .milliseconds(2))
        #expect(seen(1).microsecondsSince1970 > first.microsecondsSince1970)
    }

    private func refusing(_ cause: InvalidCause, generation: Int = 1) -> ModelSlot {
        let models = ModelSlot()
        models.activate(TestLine.model(generation: generation, refusal: Invalidity(cause, "for this test")))
        return models
    }

    @Test(arguments: InvalidCause.allCases)
    func aLineWhosePartsAllGetNoVerdictIsNotWell(cause: InvalidCause) async throws {
        let recipe = TestLine.recipe(refusing(cause))
        let station = try TestStation([TestStation.setup("cam", TestCamera(), recipe: recipe)])
        try await station.run {
            try await until { station.line.readings.counts.causes[cause.rawValue, default: 0] >= 6 }
            let health = station.line.readings.health
            #expect(health.state == Self.expected(cause) ?? .inspecting)
            #expect(health.isWell == (Self.expected(cause) == nil))
            #expect(health.isWell || health.reason?.contains(cause.rawValue) == true)
            // The daemon's own table says the same.
            switch cause.consequence {
            case .state(let state, _): #expect(state == health.state)
            case .saidElsewhere, .none: #expect(health.isWell)
            }
        }
    }

    @Test func aModelThatJudgesNothingIsTheStateUntilAnotherOneIsInUse() async throws {
        let models = refusing(.modelMismatch)
        let setup = TestStation.setup(
            "cam", TestCamera(), trigger: .software, deadline: 60_000, recipe: TestLine.recipe(models))
        let station = try TestStation([setup])
        try await station.run {
            try await until { station.line.readings.state == .inspecting }
            _ = try await station.trigger("A")
            // One is enough: no picture is to blame.
            try await until { station.line.readings.state == .modelFailed }
            models.activate(TestLine.model(generation: 2))
            #expect(station.line.readings.state == .inspecting)
        }
    }

    @Test(arguments: [(InvalidCause.modelUnreadable, LineState.modelFailed), (.stateUnreadable, .modelFailed)])
    func aRecipeByWhichNothingIsJudgedIsTheStateBeforeAnyPartAndUntilItIsMended(
        cause: InvalidCause, state: LineState
    ) async throws {
        let models = ModelSlot(Invalidity(cause, "for this test"))
        let setup = TestStation.setup("cam", TestCamera(), trigger: .software, recipe: TestLine.recipe(models))
        let station = try TestStation([setup])
        try await station.run {
            try await until { station.line.readings.state == state }
            #expect(station.line.readings.counts == CountsReply())
            models.activate(TestLine.model())
            try await until { station.line.readings.state == .inspecting }
        }
    }

    @Test func fourDarkPicturesAreThePicturesFaultAndFiveTheCameras() async throws {
        let camera = TestCamera()
        let models = ModelSlot()
        models.activate(TestLine.model())
        let setup = TestStation.setup(
            "cam", camera, trigger: .software, deadline: 60_000, recipe: TestLine.recipe(models, brightness: 4...255))
        let station = try TestStation([setup])
        try await station.run {
            camera.change { $0.level = 0 }
            // One that was on its way may still be light.
            while try await station.trigger(nil).cause != "frame_dark" {}
            for _ in 2...4 {
                try await until { station.line.readings.health.isWell }
                #expect(try await station.trigger(nil).cause == "frame_dark")
            }
            try await until { station.line.readings.health.isWell }
            _ = try await station.trigger(nil)
            try await until { station.line.readings.state == .cameraInvalid }
        }
    }

    @Test func aHungInspectionIsSaidWithinMomentsAndIsOverWhenItGoesOn() async throws {
        let isHung = Mutex(true)
        let models = ModelSlot()
        models.activate(
            TestLine.model(score: { score in
                while isHung.withLock({ $0 }) { usleep(10_000) }
                return score
            }))
        let station = try TestStation([TestStation.setup("cam", TestCamera(), recipe: TestLine.recipe(models))])
        try await station.run {
            try await until { station.line.readings.state == .inspectionStalled }
            #expect(station.line.readings.health.causes.map(\.place).contains("inspection"))
            isHung.withLock { $0 = false }
            try await until { station.line.readings.state == .inspecting }
        }
    }

    @Test func aStuckDiskIsTheJournalsAndTheStoragesFault() async throws {
        let isStuck = Mutex(false)
        let disk = Disk { operation, _ in
            while operation == .write, isStuck.withLock({ $0 }) { usleep(10_000) }
            return nil
        }
        let setup = TestStation.setup("cam", TestCamera(), recipe: TestStation.recipe("cap"))
        let station = try TestStation([setup], disk: disk)
        try await station.run {
            try await until { try station.records.count > 1 }
            isStuck.withLock { $0 = true }
            try await until { Set(station.line.readings.health.causes.map(\.place)) == ["journal", "storage"] }
            #expect(station.line.readings.state == .storageFailed)
            isStuck.withLock { $0 = false }
            try await until { station.line.readings.state == .inspecting }
        }
    }

    @Test func aStateDirectoryThatIsGoneIsNotReplacedByOneOfItsName() async throws {
        let station = try TestStation([TestStation.setup("cam", TestCamera(), recipe: TestStation.recipe("cap"))])
        try await station.run {
            try await until { station.line.readings.state == .inspecting }
            // Renamed, for the journal writes into it until it is gone, and removing it would never be done.
            let gone = "\(station.folder.path).gone"
            try FileManager.default.moveItem(atPath: station.folder.path, toPath: gone)
            defer { try? FileManager.default.removeItem(atPath: gone) }
            try await until { station.line.readings.state == .storageFailed }
            // The journal makes its folder anew and goes on: verdicts land, and what else was there is gone all the same.
            try await until { FileManager.default.fileExists(atPath: "\(station.folder.path)/journal") }
            let last = station.journal.lastSequence
            try await until { station.journal.lastSequence > last + 200 }
            #expect(station.line.readings.state == .storageFailed)
            #expect(station.line.readings.reason?.contains(station.folder.path) == true)
        }
    }

    /// A field that the journal's health has and that nobody is told of would be a fault that is never said.
    @Test func everyFaultOfTheJournalIsToldOfAndWhatKeepsVerdictsFromTheDiskIsACause() throws {
        let well = VerdictJournal.Health()
        #expect(well.findings.isEmpty)
        var told: Set<String> = []
        func note(_ name: String, _ state: LineState?, _ change: (inout VerdictJournal.Health) -> Void) {
            var health = well
            change(&health)
            #expect(health.findings.map(\.state) == [state], "\(name)")
            told.insert(name)
        }
        note("failure", .journalFailed) { $0.failure = "no space" }
        note("isDamaged", nil) { $0.isDamaged = true }
        note("nuisance", nil) { $0.nuisance = "remove" }
        note("unrecorded", nil) { $0.unrecorded = 3 }
        note("anonymity", nil) { $0.anonymity = "journal.id" }
        #expect(Set(Mirror(reflecting: well).children.compactMap(\.label)) == told)
    }

    @Test func theWorstCauseComesFirstAndWarningsMakeNobodyUnwell() {
        #expect(Health([]).state == .inspecting && Health([]).isWell)
        let health = Health([
            Finding("camera a", .noModel, "no model"), Finding(warning: "fit", "failed"),
            Finding("journal", .journalFailed, "full"), Finding("camera b", .cameraLost, "unplugged"),
        ])
        #expect(health.causes.map(\.place) == ["journal", "camera b", "camera a"])
        #expect(health.state == .journalFailed && health.reason == "full" && !health.isWell)
        #expect(Health(health.warnings).isWell)
    }
}

@Suite struct LoopProgressTests {
    @Test func workThatIsSlowByNatureHangsLaterThanWorkThatIsQuick() {
        let progress = LoopProgress()
        #expect(progress.hang(beyond: .zero) == nil)
        progress.begin()
        usleep(2_000)
        #expect(progress.hang(beyond: .milliseconds(1)) != nil)
        #expect(progress.hang(beyond: .seconds(3600)) == nil)
        for _ in 0..<2 {
            progress.begin()
            usleep(200_000)
        }
        progress.begin()
        // Less than three times what its pieces took.
        #expect(progress.hang(beyond: .zero) == nil)
        progress.end()
        #expect(progress.busy == .zero)
    }
}
