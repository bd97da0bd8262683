import ControlProtocol
import Daemon
import Foundation
import Journal
import Platform
import TestSupport
import Testing

/// Numbers begin anew with each state directory: what a receiver has of another one is not taken for this one's.
@Suite struct JournalIdentityTests {
    let folder: TemporaryFolder
    private var path: String { "\(folder.path)/journal.id" }

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Runs the journal around `body`, on a thread of its own that may wait.
    private func withJournal(_ body: @escaping @Sendable (VerdictJournal) throws -> Void) async throws {
        let journal = VerdictJournal(stateDirectory: folder.path, settings: .patient, logger: .silent)
        async let running: Void = journal.run()
        await NamedThread.run("test-append") {
            journal.waitForThread()
            do { try body(journal) } catch { Issue.record(error) }
            journal.close()
        }
        await running
    }

    private static func append(to journal: VerdictJournal) -> UInt64 {
        journal.append(.ok) { seq, landing in JournalHarness.record(seq, stored: landing.stored) }.record.seq
    }

    private static func wait(_ isTrue: () -> Bool) -> Bool {
        for _ in 0..<6000 where !isTrue() { usleep(10_000) }
        return isTrue()
    }

    @Test func theFirstLineHasItAndEveryLaterStartTheSame() async throws {
        let known = Mailbox()
        for _ in 0..<2 {
            try await withJournal { journal in
                _ = Self.append(to: journal)
                let identity = try #require(journal.identity)
                #expect(identity.count == 16 && journal.health.anonymity == nil)
                #expect(known.first(identity) == identity)
            }
        }
        let other = try TemporaryFolder()
        try await JournalIdentityTests(other).withJournal { journal in
            _ = Self.append(to: journal)
            #expect(journal.identity != known.first(""))
        }
    }

    private init(_ folder: TemporaryFolder) { self.folder = folder }

    @Test func aStateDirectoryOfAnOlderVersionGetsOneAndItsNumbersGoOn() async throws {
        try await withJournal { _ = Self.append(to: $0) }
        try FileManager.default.removeItem(atPath: path)
        try await withJournal { journal in
            #expect(Self.append(to: journal) == 2)
            #expect(journal.identity != nil)
        }
    }

    @Test(arguments: ["", "{}", #"{"journal":"7f3c9a10d2b4e856"}"#, "\u{0}\u{0}"])
    func oneThatIsDamagedIsReplacedByNothingAndPartsGetTheirVerdicts(text: String) async throws {
        try await withJournal { _ = Self.append(to: $0) }
        try Data(text.utf8).write(to: URL(filePath: path))
        try await withJournal { [path] journal in
            #expect(Self.append(to: journal) == 2)
            #expect(journal.identity == nil)
            #expect(journal.health.failure == nil && journal.health.anonymity?.contains("journal.id") == true)
            #expect(journal.findings.map(\.state) == [nil])
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            // Whoever removes it wants another one.
            try FileManager.default.removeItem(atPath: path)
            #expect(Self.wait { journal.identity != nil })
            #expect(journal.health.anonymity == nil)
        }
    }

    @Test func oneThatIsLostBelowARunningDaemonIsThereAgain() async throws {
        try await withJournal { [path] journal in
            _ = Self.append(to: journal)
            let identity = journal.identity
            try FileManager.default.removeItem(atPath: path)
            #expect(Self.wait { FileManager.default.fileExists(atPath: path) })
            #expect(journal.identity == identity)
        }
    }
}

/// The first text that came.
private final class Mailbox: Sendable {
    private let text = Monitor<String?>(nil)

    func first(_ new: String) -> String {
        text.withLock { text in
            text = text ?? new
            return text ?? new
        }
    }
}
