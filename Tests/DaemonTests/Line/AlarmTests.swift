import ControlProtocol
import Daemon
import Journal
import Logging
import Platform
import ServiceLifecycle
import Settings
import TestSupport
import Testing

/// When somebody is called to the line, and until when.
@Suite struct AlarmTests {
    private static let start = ContinuousClock.now

    private func watch(_ change: (inout Configuration.Alarm) -> Void) -> AlarmWatch {
        var settings = Configuration.Alarm()
        change(&settings)
        return AlarmWatch(settings, now: Self.start)
    }

    /// - Parameter verdicts: `o` OK, `n` NG, `i` INVALID, `c` of commissioning.
    /// - Returns: kinds of alarms, each with the place of the part that raised it.
    private func note(_ verdicts: String, _ watch: inout AlarmWatch) -> [String] {
        verdicts.enumerated().flatMap { index, letter in
            let verdict: Verdict = letter == "o" ? .ok : letter == "n" ? .ng : .invalid
            let cause = letter == "c" ? "commissioning" : letter == "i" ? "frame_dark" : nil
            return watch.note(verdict, cause: cause, at: Self.start, WallTime(microsecondsSince1970: 0))
                .map { "\($0.kind.rawValue) \(index)" }
        }
    }

    @Test func nothingIsAnAlarmUnlessItIsAskedFor() {
        var watch = watch { _ in }
        #expect(note(String(repeating: "n", count: 100) + String(repeating: "i", count: 100), &watch).isEmpty)
        #expect(watch.look(at: Self.start + .seconds(100_000), .now).isEmpty)
    }

    @Test func rejectsInARowAreAnAlarmOnceUntilItIsAcknowledged() {
        var watch = watch { $0.consecutiveNG = 3 }
        #expect(note("nnonn", &watch).isEmpty)
        #expect(note("n", &watch) == ["consecutive_ng 0"])
        #expect(note("nnoonnn", &watch).isEmpty && watch.alarms.map(\.reason) == ["3 NG in a row"])
        watch.acknowledge(watch.alarms, at: Self.start)
        #expect(watch.alarms.isEmpty && note("nn", &watch).isEmpty)
        #expect(note("n", &watch) == ["consecutive_ng 0"])
    }

    @Test func invalidPartsNeitherCountAsRejectsNorEndTheirRow() {
        var watch = watch { ($0.consecutiveNG, $0.consecutiveInvalid) = (3, 4) }
        #expect(note("niniin", &watch) == ["consecutive_ng 5"])
        #expect(note("iiii", &watch) == ["consecutive_invalid 3"])
    }

    @Test func partsOfCommissioningDoNotCount() {
        var watch = watch { ($0.consecutiveInvalid, $0.consecutiveNG) = (2, 2) }
        #expect(note("iccccn", &watch).isEmpty)
        #expect(note("ccn", &watch) == ["consecutive_ng 2"])
    }

    @Test func rejectsAmongTheNewestPartsAreAnAlarm() {
        var watch = watch { $0.ngOfLast = [3, 5] }
        #expect(note("nooonoonon", &watch).isEmpty)
        // The newest five are o n o n n: the INVALID one is none of them.
        #expect(note("in", &watch) == ["ng_of_last 1"])
    }

    @Test func aLineWithoutPartsIsAnAlarmAgainAfterEachAcknowledgement() {
        var watch = watch { $0.noPartSeconds = 60 }
        #expect(watch.look(at: Self.start + .seconds(59), .now).isEmpty)
        #expect(watch.look(at: Self.start + .seconds(60), .now).map(\.kind) == [.noPart])
        #expect(watch.look(at: Self.start + .seconds(90), .now).isEmpty)
        watch.acknowledge(watch.alarms, at: Self.start + .seconds(90))
        #expect(watch.look(at: Self.start + .seconds(149), .now).isEmpty)
        #expect(watch.look(at: Self.start + .seconds(150), .now).map(\.kind) == [.noPart])
    }

    @Test func whatCameAfterSomebodyLookedStays() {
        var watch = watch { ($0.consecutiveNG, $0.consecutiveInvalid) = (2, 2) }
        _ = note("nn", &watch)
        let seen = watch.alarms
        _ = note("ii", &watch)
        watch.acknowledge(seen, at: Self.start)
        #expect(watch.alarms.map(\.kind) == [.consecutiveInvalid])
    }

    // MARK: Over restarts

    private func record(_ seq: UInt64, _ verdict: Verdict) -> InspectionRecord {
        InspectionRecord(
            seq: seq, time: "2026-01-02T03:04:05.000000Z", camera: "top", recipe: "bottle", generation: 1, frame: "",
            part: nil, verdict: verdict, cause: nil, score: nil, limit: nil, regions: [], latency: .init(), image: nil,
            heatmap: nil, stored: .written)
    }

    private func desk(_ folder: TemporaryFolder, _ verdicts: ListedVerdicts, stop: Bool = false) -> AlarmDesk {
        var settings = Configuration.Alarm()
        (settings.consecutiveNG, settings.stop) = (3, stop)
        return AlarmDesk(
            settings, cameras: ["top"], stateDirectory: folder.path, verdicts: verdicts, logger: .silent)
    }

    /// Runs what writes alarms down until something is so.
    private func run(_ desk: AlarmDesk, _ events: EventLog, until isDone: () throws -> Bool) async throws {
        let group = ServiceGroup(
            services: [AlarmService(desk, events: events, logger: .silent)], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            while try !isDone() { try await Task.sleep(for: .milliseconds(5)) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test(.timeLimit(.minutes(1))) func anAlarmOutlivesARestartAndAnAcknowledgementDoes() async throws {
        let (folder, verdicts) = (try TemporaryFolder(), ListedVerdicts())
        let events = EventLog.of(folder)
        let first = desk(folder, verdicts, stop: true)
        for seq in 1...3 as ClosedRange<UInt64> {
            try verdicts.append(record(seq, .ng))
            first.note(record(seq, .ng))
        }
        #expect(first.alarms.map(\.kind) == [.consecutiveNG] && first.isStopped("top"))
        #expect(first.findings.first?.reason.contains("fsacctl alarm acknowledge") == true)
        try await run(first, events) { try folder.names(in: "").contains("alarms.json") }
        // Good parts since, more than anybody looks back over.
        for seq in 4...6000 as ClosedRange<UInt64> { try verdicts.append(record(seq, .ok)) }
        let second = desk(folder, verdicts, stop: true)
        #expect(second.alarms == first.alarms && second.isStopped("top"))
        try second.acknowledge(nil, by: ChangeAuthor(uid: 7, pid: 8), events)
        #expect(second.alarms.isEmpty && !second.isStopped("top"))
        #expect(desk(folder, verdicts).alarms.isEmpty)
        let lines = try events.journal.lines(from: 1, count: 10)
        let kinds = try lines.map { try ControlCoding.decode(EventRecord.self, from: $0.bytes) }
        #expect(kinds.map(\.event) == [.alarm, .acknowledged] && kinds.last?.uid == 7)
        #expect(kinds.last?.before["alarms"] == .text("top consecutive_ng"))
    }

    /// A kill right after the third NG: nobody had written the alarm down.
    @Test func anAlarmThatAKillHasLeftIsRaisedByTheJournal() throws {
        let (folder, verdicts) = (try TemporaryFolder(), ListedVerdicts())
        for seq in 1...2 as ClosedRange<UInt64> { try verdicts.append(record(seq, .ng)) }
        let second = desk(folder, verdicts)
        #expect(second.alarms.isEmpty)
        // The row goes on over the restart.
        second.note(record(3, .ng))
        #expect(second.alarms.count == 1)
        try verdicts.append(record(3, .ng))
        #expect(desk(folder, verdicts).alarms.count == 1)
    }

    @Test func alarmsThatCannotBeReadAreAnAlarm() throws {
        let folder = try TemporaryFolder()
        try folder.write(#"{"cameras":{}}"#, to: "alarms.json")
        let desk = desk(folder, ListedVerdicts(), stop: true)
        #expect(desk.alarms.map(\.kind) == [.stateUnreadable] && desk.isStopped("top"))
    }

    @Test func aDiskThatTakesNothingKeepsTheAlarm() async throws {
        let (folder, verdicts) = (try TemporaryFolder(), ListedVerdicts())
        let disk = FailingDisk(.never)
        let events = EventLog(EventJournal(stateDirectory: folder.path, disk: disk.disk, logger: .silent))
        let desk = desk(folder, verdicts)
        for seq in 1...3 as ClosedRange<UInt64> { desk.note(record(seq, .ng)) }
        disk.follow(.from(1, errno: 28))
        #expect(throws: EventNotWritten.self) { try desk.acknowledge(nil, by: .daemon, events) }
        #expect(desk.alarms.count == 1)
    }
}
