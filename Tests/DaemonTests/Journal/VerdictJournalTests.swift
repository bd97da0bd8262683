import ControlProtocol
import Daemon
import Glibc
import Journal
import Platform
import Synchronization
import TestSupport
import Testing

@Suite struct VerdictJournalTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Runs the journal around `body`, which appends on a thread of its own.
    private func withJournal(
        _ settings: JournalSettings = .patient, disk: Disk = Disk(),
        _ body: @escaping @Sendable (VerdictJournal) throws -> Void
    ) async throws {
        let journal = VerdictJournal(stateDirectory: folder.path, settings: settings, disk: disk, logger: .silent)
        async let running: Void = journal.run()
        await NamedThread.run("test-append") {
            journal.waitForThread()
            do { try body(journal) } catch { Issue.record(error) }
            journal.close()
        }
        await running
    }

    /// As the line does it: what must not pass for judged is INVALID.
    private static func append(_ verdict: Verdict, to journal: VerdictJournal) -> InspectionRecord {
        journal.append(verdict) { seq, landing in
            JournalHarness.record(
                seq, stored: landing.stored, verdict: landing.refusal == nil ? verdict : .invalid)
        }.record
    }

    private var linesOnDisk: [VerdictLine] {
        get throws { try JournalReader(folder: "\(folder.path)/journal").lines(from: 1, below: .max, count: .max) }
    }

    @Test func aLineSaysWhetherItWasSyncedBeforeItShowed() async throws {
        try await withJournal { journal in
            #expect(Verdict.allCases.map { Self.append($0, to: journal).durable } == [false, true, false])
        }
        var settings = JournalSettings.patient
        settings.syncsEachLine = true
        try await withJournal(settings) { journal in
            #expect(Verdict.allCases.map { Self.append($0, to: journal).durable } == [true, true, true])
        }
    }

    @Test func atAForcedEndWhatWasShownIsSyncedOrSaidNotToBe() async throws {
        let syncs = Counter()
        let isStuck = Mutex(false)
        let disk = Disk { operation, _ in
            guard operation == .sync else { return nil }
            while isStuck.withLock({ $0 }) { usleep(1000) }
            syncs.add()
            return nil
        }
        try await withJournal(disk: disk) { journal in
            _ = Self.append(.ok, to: journal)
            let before = syncs.value
            #expect(journal.sync(within: .seconds(60)) == nil)
            #expect(syncs.value == before + 1)
            _ = Self.append(.ok, to: journal)
            isStuck.withLock { $0 = true }
            #expect(journal.sync(within: .milliseconds(50))?.contains("not answered") == true)
            isStuck.withLock { $0 = false }
            #expect(journal.sync(within: .seconds(60)) == nil)
        }
    }

    @Test func linesAreReadFromMemoryAndFromTheDiskAlike() async throws {
        try await withJournal { journal in
            for _ in 0..<30 { _ = Self.append(.ok, to: journal) }
        }
        try await withJournal { journal in
            for _ in 0..<30 { _ = Self.append(.ok, to: journal) }
            #expect(journal.lastSequence == 60)
            for first: UInt64 in [1, 15, 30, 31, 45, 60] {
                let lines = try journal.lines(from: first, count: 20)
                #expect(lines.map(\.sequence) == Array((first...60).prefix(20)))
            }
            for (end, count) in [(61, 20), (61, 31), (61, 100), (45, 20), (31, 7), (8, 20), (1, 5), (UInt64.max, 3)] {
                let lines = try journal.lines(before: end, count: count)
                #expect(lines.map(\.sequence) == Array((1..<min(end, 61)).suffix(count)))
            }
            for first: UInt64 in [61, 1 << 63, 1 << 63 + 61, .max] {
                #expect(try journal.lines(from: first, count: 5).isEmpty)
            }
        }
    }

    @Test func whoFollowsIsToldOfEveryLine() async throws {
        let journal = VerdictJournal(stateDirectory: folder.path, settings: .patient, logger: .silent)
        async let running: Void = journal.run()
        async let appending: Void = NamedThread.run("test-append") {
            journal.waitForThread()
            for _ in 0..<200 { _ = Self.append(.ok, to: journal) }
            journal.close()
        }
        var seen: [UInt64] = []
        // Ends when the journal does.
        for await _ in journal.changes() {
            seen += try journal.lines(from: (seen.last ?? 0) + 1, count: .max).map(\.sequence)
        }
        #expect(seen == Array(1...200))
        _ = await (running, appending)
    }

    @Test func theNewestLinesAreFoundBehindNumbersThatWereLeftOut() async throws {
        var harness = try JournalHarness()
        harness.settings.segmentBytes = 5000
        for _ in 0..<4 { try harness.write(30, isCrash: true) }
        let all = try harness.sequences()
        #expect(all.last == 330 && all.count == 120)
        for count in [1, 29, 31, 90, 119, 120, 500] {
            let lines = try JournalReader(folder: harness.folder).lines(before: 331, count: count)
            #expect(lines.map(\.sequence) == all.suffix(count))
        }
    }

    @Test(arguments: [false, true])
    func aFullDiskHasNoVerdictUnlessTheConfigurationLetsItCount(isKept: Bool) async throws {
        var settings = JournalSettings.patient
        settings.retryInterval = .milliseconds(10)
        settings.keepsVerdictsInMemory = isKept
        let failing = FailingDisk(.never)
        let shown = Mutex<[InspectionRecord]>([])
        try await withJournal(settings, disk: failing.disk) { journal in
            #expect(Self.append(.ng, to: journal).durable)
            failing.follow(.all(of: Set(Disk.Operation.allCases), errno: ENOSPC))
            for verdict in [Verdict.ng, .ok, .invalid, .ok, .ng] {
                let record = Self.append(verdict, to: journal)
                #expect(record.verdict == (isKept ? verdict : .invalid))
                #expect(!record.durable && record.stored == .memory)
                shown.withLock { $0.append(record) }
            }
            #expect(journal.lastSequence == 6)
            let lines = try journal.lines(from: 1, count: 100)
            #expect(lines.count == 6)
            while journal.health.failure == nil { usleep(1000) }
            #expect(journal.health.failure?.contains("No space left on device") == true)
            failing.follow(.never)
            while journal.health.failure != nil { usleep(1000) }
            #expect(Self.append(.ok, to: journal).stored == .written)
        }
        let lines = try linesOnDisk
        try #require(lines.map(\.sequence) == Array(1...7))
        // What the disk has is what was shown.
        #expect(lines[1...5] == shown.withLock { $0.map(VerdictLine.init) }[...])
    }

    @Test(arguments: [false, true])
    func beyondWhatIsHeldNothingIsDroppedAndNothingPasses(isKept: Bool) async throws {
        var settings = JournalSettings.patient
        settings.retryInterval = .milliseconds(10)
        settings.heldLines = 20
        settings.keepsVerdictsInMemory = isKept
        let failing = FailingDisk(.never)
        let shown = Mutex<[InspectionRecord]>([])
        try await withJournal(settings, disk: failing.disk) { journal in
            _ = Self.append(.ng, to: journal)
            failing.follow(.all(of: Set(Disk.Operation.allCases), errno: EROFS))
            for _ in 0..<100 {
                let record = Self.append(.ok, to: journal)
                shown.withLock { $0.append(record) }
            }
            #expect(journal.health.unrecorded > 70)
            failing.follow(.never)
            while journal.health.failure != nil { usleep(1000) }
            #expect(Self.append(.ok, to: journal).stored == .written)
        }
        let records = shown.withLock { $0 }
        let (held, others) = (records.filter { $0.seq > 0 }, records.filter { $0.seq == 0 })
        #expect(others.allSatisfy { $0.verdict == .invalid && $0.stored == .nowhere })
        #expect(held.count >= 20 && held.count < 30)
        let lines = try linesOnDisk
        #expect(lines.map(\.sequence) == Array(1...UInt64(held.count + 2)))
        #expect(lines.dropFirst().dropLast() == held.map(VerdictLine.init)[...])
    }

    @Test(arguments: [false, true])
    func aDiskThatDoesNotAnswerHoldsNobodyUpAndIsSaid(isKept: Bool) async throws {
        var settings = JournalSettings.patient
        settings.patience = .milliseconds(50)
        settings.syncsEachLine = true
        settings.keepsVerdictsInMemory = isKept
        let stuck = StuckDisk()
        let shown = Mutex<[InspectionRecord]>([])
        try await withJournal(settings, disk: stuck.disk) { journal in
            // A busy machine: the patience above is for the disk.
            while Self.append(.ok, to: journal).stored != .synced {}
            stuck.stick()
            // Returns although the disk does not; else this test has no end.
            for verdict in [Verdict.ng, .ok, .invalid, .ok] {
                let record = Self.append(verdict, to: journal)
                #expect(record.verdict == (isKept ? verdict : .invalid))
                #expect(record.stored == .memory && record.seq == journal.lastSequence)
                shown.withLock { $0.append(record) }
            }
            #expect(journal.health.failure?.contains("does not answer") == true)
            let recent = try journal.lines(before: .max, count: 4)
            #expect(recent == shown.withLock { $0.map(VerdictLine.init) })
            stuck.letGo()
            while journal.health.failure != nil { usleep(1000) }
            while Self.append(.ok, to: journal).stored != .synced {}
        }
        let lines = try linesOnDisk
        // The disk had taken the first of them as it was judged; what was shown counts.
        let first = try #require(shown.withLock { $0.first?.seq })
        #expect(lines.filter { $0.sequence >= first }.prefix(4) == shown.withLock { $0.map(VerdictLine.init) }[...])
        #expect(lines.map(\.sequence) == Array(1...UInt64(lines.count)))
        #expect(!JournalRecovery.run(folder: "\(folder.path)/journal", disk: Disk()).isDamaged)
    }

    @Test func withoutKnowingTheNumbersGivenOutThereIsNoVerdict() async throws {
        try await withJournal { journal in _ = Self.append(.ok, to: journal) }
        var settings = JournalSettings.patient
        settings.retryInterval = .milliseconds(10)
        let failing = FailingDisk(.all(of: [.open], errno: EIO))
        try await withJournal(settings, disk: failing.disk) { journal in
            let record = Self.append(.ok, to: journal)
            #expect(record.verdict == .invalid && record.seq == 0)
            #expect(journal.health.failure?.contains("Input/output error") == true)
            failing.follow(.never)
            while journal.health.failure != nil { usleep(1000) }
            #expect(Self.append(.ok, to: journal).seq == 2)
        }
        #expect(try linesOnDisk.map(\.sequence) == [1, 2])
    }
}
