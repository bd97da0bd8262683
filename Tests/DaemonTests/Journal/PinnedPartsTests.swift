import ControlProtocol
import Daemon
import Foundation
import Logging
import TestSupport
import Testing

/// Which parts' pictures stay, as a start finds it in the event journal.
@Suite struct PinnedPartsTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/fsac-pins-\(UUID().uuidString.prefix(8))"

    /// A journal that nobody has looked at yet.
    private var journal: EventJournal { EventJournal(stateDirectory: folder, logger: Logger(label: "test")) }

    private func judge(_ parts: [(seq: Int, judged: JudgedAs, uid: UInt32)]) throws {
        let log = EventLog(journal)
        for part in parts {
            try log.record(by: ChangeAuthor(uid: part.uid, pid: 1)) {
                Change(.judgement, after: ["seq": .count(part.seq), "judged": .text(part.judged.rawValue)])
            } _: {
            }
        }
    }

    @Test func theyAreKnownBeforeTheJournalIsInOrder() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try journal.judgedParts() == [])
        try judge([
            (1, .ok, 7), (2, .ng, 7), (3, .ok, 7), (4, .ok, 7), (1, .ng, 7), (3, .unsure, 7), (4, .unsure, 8),
        ])
        // 3 was taken back by who said it; of 4 somebody else was unsure.
        #expect(try journal.judgedParts() == [2, 1, 4])
        #expect(try journal.judgedParts(batch: 2) == [2, 1, 4])
    }

    @Test func noMoreIsReadThanTellsTheNewest() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try judge((1...PinnedParts.most + 200).map { ($0, .ok, 7) } + [(3, .unsure, 7)])
        // The newest 500 in five and a bit steps, and the part of which the oldest words were not read.
        let parts = try journal.judgedParts(batch: 100)
        #expect(parts.count == 600 && parts.suffix(3) == [699, 700, 3])
        #expect(parts.contains(201) && !parts.contains(101))
    }
}
