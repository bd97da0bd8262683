import ControlProtocol
import Daemon
import Glibc
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
        _ settings: JournalSettings = JournalSettings(), disk: Disk = Disk(),
        _ body: @escaping @Sendable (VerdictJournal) throws -> Void
    ) async throws {
        let journal = VerdictJournal(stateDirectory: folder.path, settings: settings, disk: disk, logger: .silent)
        async let running: Void = journal.run()
        await NamedThread.run("test-append") {
            do { try body(journal) } catch { Issue.record(error) }
            journal.close()
        }
        await running
    }

    private static func append(_ verdict: Verdict, to journal: VerdictJournal) -> InspectionRecord {
        journal.append(verdict) { seq, durable in JournalHarness.record(seq, durable: durable, verdict: verdict) }
    }

    @Test func aLineSaysWhetherItWasSyncedBeforeItShowed() async throws {
        try await withJournal { journal in
            #expect(Verdict.allCases.map { Self.append($0, to: journal).durable } == [false, true, false])
        }
        var settings = JournalSettings()
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
            for first: UInt64 in [61, 1 << 63, 1 << 63 + 61, .max] {
                #expect(try journal.lines(from: first, count: 5).isEmpty)
            }
        }
    }

    @Test func whoFollowsIsToldOfEveryLine() async throws {
        let journal = VerdictJournal(stateDirectory: folder.path, settings: JournalSettings(), logger: .silent)
        async let running: Void = journal.run()
        async let appending: Void = NamedThread.run("test-append") {
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

    @Test func verdictsGoOnWhileTheDiskIsFullAndLandAfter() async throws {
        var settings = JournalSettings()
        settings.retryInterval = .milliseconds(10)
        let failing = FailingDisk(.never)
        try await withJournal(settings, disk: failing.disk) { journal in
            _ = Self.append(.ng, to: journal)
            failing.follow(.all(of: [.open, .write, .sync, .rename], errno: ENOSPC))
            for _ in 0..<20 { #expect(Self.append(.ng, to: journal).durable == false) }
            #expect(journal.lastSequence == 21)
            let shown = try journal.lines(from: 1, count: 100)
            #expect(shown.count == 21)
            while journal.health.failure == nil { usleep(1000) }
            #expect(journal.health.failure?.contains("No space left on device") == true)
            failing.follow(.never)
            while journal.health.failure != nil { usleep(1000) }
        }
        let lines = try JournalReader(folder: "\(folder.path)/journal").lines(from: 1, below: .max, count: .max)
        #expect(lines.map(\.sequence) == Array(1...21))
    }
}
