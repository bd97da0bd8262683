import ControlProtocol
import Daemon
import Glibc
import LineIO
import Platform
import Settings
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct OutputDeskTests {
    private static func desk(isRequired: Bool) -> OutputDesk {
        var io = Configuration.LineIO()
        io.camera = "c"
        io.chip = "of nobody"
        io.required = isRequired
        io.outputs[.ok] = Configuration.LineIO.Output()
        return OutputDesk(io)
    }

    private static func record(_ verdict: Verdict, _ stored: InspectionRecord.Stored?) -> InspectionRecord {
        InspectionRecord(
            seq: 1, time: "", camera: "c", recipe: "r", generation: 1, frame: "", part: nil, verdict: verdict,
            cause: verdict == .invalid ? "commissioning" : nil, score: nil, limit: nil, regions: [], latency: .init(),
            image: nil, heatmap: nil, stored: stored)
    }

    @Test func onlyAnOKThatIsInTheJournalIsOKOnTheLines() {
        for stored in [InspectionRecord.Stored.synced, .written] {
            #expect(OutputStateMachine.Outcome(Self.record(.ok, stored)) == .ok)
        }
        for stored in [InspectionRecord.Stored.memory, .nowhere, nil] {
            #expect(OutputStateMachine.Outcome(Self.record(.ok, stored)) == .invalid)
        }
        #expect(OutputStateMachine.Outcome(Self.record(.ng, .synced)) == .ng)
        // Commissioned parts among them.
        #expect(OutputStateMachine.Outcome(Self.record(.invalid, .synced)) == .invalid)
    }

    @Test(arguments: [true, false]) func withoutItsLinesALineThatNeedsThemPassesNoPart(isRequired: Bool) async throws {
        let setup = TestStation.setup("c", TestCamera(), recipe: TestStation.recipe("r"))
        let station = try TestStation([setup], desks: [Self.desk(isRequired: isRequired)])
        try await station.run {
            try await until { try station.records.count > 3 }
            let health = station.line.readings.health
            let last = try #require(try station.records.last)
            #expect(last.verdict == (isRequired ? .invalid : .ok))
            #expect(last.cause == (isRequired ? "io_lost" : nil))
            #expect(health.causes.contains { $0.state == .ioLost } == isRequired)
            #expect(health.warnings.contains { $0.place == "io c" } == !isRequired)
        }
    }

    /// Told of each verdict.
    private static func station(
        _ trigger: Configuration.Camera.Trigger, disk: Disk = Disk(), desks: [OutputDesk] = [],
        _ tell: @escaping @Sendable (InspectionRecord) -> Void
    ) throws -> TestStation {
        let setup = TestStation.setup("c", TestCamera(), trigger: trigger, recipe: TestStation.recipe("r"))
        var journal = JournalSettings.patient
        journal.syncsEachLine = true
        return try TestStation([setup], journal: journal, disk: disk, sinks: [TestSink(tell: tell)], desks: desks)
    }

    @Test func aPartWhoseLineTheDiskDoesNotTakeIsNoOKOnTheLines() async throws {
        let isFull = Mutex(false)
        let disk = Disk { operation, _ in operation == .write && isFull.withLock { $0 } ? ENOSPC : nil }
        let told = Mutex<[OutputStateMachine.Outcome]>([])
        let station = try Self.station(.software, disk: disk) { record in
            told.withLock { $0.append(OutputStateMachine.Outcome(record)) }
        }
        try await station.run {
            while told.withLock({ $0.last }) != .ok { _ = try await station.trigger("before") }
            isFull.withLock { $0 = true }
            // What was set aside for bad times may still take some lines; what it took is in the journal.
            var last = try await station.trigger("first")
            while last.stored == .synced { last = try await station.trigger("next") }
            #expect(told.withLock { $0.last } == .invalid)
            isFull.withLock { $0 = false }
        }
    }

    @Test func anEdgeIsAPartWithAnAnswer() async throws {
        let told = Mutex<[InspectionRecord]>([])
        let station = try Self.station(.line) { record in told.withLock { $0.append(record) } }
        try await station.run {
            try await until { station.line.readings.cameras[0].frames > 0 }
            #expect(station.line.takeTrigger(camera: "c", number: 1, at: .now, nil))
            try await until { told.withLock(\.count) == 1 }
            // One that was lost gets no frame, and its line all the same.
            #expect(!station.line.takeTrigger(camera: "c", number: 2, at: .now, Invalidity(.triggerLost, "lost")))
            try await until { told.withLock(\.count) == 2 }
            #expect(told.withLock { $0.map(\.cause) } == [nil, "trigger_lost"])
        }
    }

    @Test(arguments: [Configuration.Camera.Trigger.continuous, .software])
    func anEdgeForACameraThatAReloadGaveAnotherTriggerIsNoPart(trigger: Configuration.Camera.Trigger) async throws {
        let station = try Self.station(trigger) { _ in }
        try await station.run {
            try await until { station.line.readings.cameras[0].frames > 0 }
            #expect(!station.line.takeTrigger(camera: "c", number: 1, at: .now, nil))
            #expect(!station.line.takeTrigger(camera: "gone", number: 2, at: .now, nil))
        }
    }

    @Test func aChipThatDoesNotAnswerIsToldAndKeepsTheSignOfLifeBack() async throws {
        let desk = Self.desk(isRequired: true)
        let station = try Self.station(.software, desks: [desk]) { _ in }
        desk.progress.begin()
        try await until { desk.findings.contains { $0.reason.contains("has not answered") } }
        #expect(desk.findings.map(\.state) == [.ioLost])
        #expect(station.line.stalledLoop(after: .milliseconds(1)) == "io c")
    }

    @Test func aCameraThatAReloadTriggersByALineThatNobodyHoldsIsNotWell() async throws {
        let setup = TestStation.setup("c", TestCamera(), trigger: .line, recipe: TestStation.recipe("r"))
        let station = try TestStation([setup])
        try await station.run {
            try await until { station.line.readings.health.causes.contains { $0.state == .ioLost } }
            #expect(station.line.readings.health.causes.contains { $0.reason.contains("restart fsacd") })
        }
    }

    @Test func aTriggerThatIsRefusedIsAnsweredInItsTurn() throws {
        var queue = PartQueueStateMachine()
        let lane = LaneID(1)
        queue.open(lane, camera: "c", policy: .triggered)
        let ticket = TriggerTicket(
            part: nil, recipe: TestLine.recipe(), deadline: .now + .seconds(60)
        ) { _ in }
        let isTaken = queue.refuse(ticket, Invalidity(.triggerLost, "lost"), in: lane)
        #expect(isTaken)
        guard case .part(let part) = queue.pop(at: .now), case .failure(let invalidity) = part.frame else {
            Issue.record("no part")
            return
        }
        #expect(invalidity.cause == .triggerLost)
        let isTakenElsewhere = queue.refuse(ticket, invalidity, in: LaneID(2))
        #expect(!isTakenElsewhere)
    }

    @Test func whichLinesThereAreIsReadAtAStartOnly() throws {
        var other = Configuration()
        other.lineIO = [Configuration.LineIO()]
        #expect(try Configuration().keysForRestart(other) == ["line_io"])
    }
}
