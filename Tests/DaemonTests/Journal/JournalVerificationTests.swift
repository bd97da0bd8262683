import ControlProtocol
import Daemon
import Glibc
import Journal
import Platform
import TestSupport
import Testing

@Suite struct JournalVerificationTests {
    private let journal: JournalHarness

    init() throws {
        var harness = try JournalHarness()
        harness.settings.segmentBytes = 4096
        journal = harness
    }

    private func report() throws -> JournalReport { try JournalVerification.run(folder: journal.folder) }

    /// Names of the segments, oldest first.
    private func segments() throws -> [String] { try journal.names().filter { JournalNames.first(of: $0) != nil } }

    private func change(_ name: String, _ body: (inout [UInt8]) throws -> Void) throws {
        var bytes = try journal.bytes(name)
        try body(&bytes)
        try journal.state.write(bytes, to: "journal/\(name)")
    }

    private func lines(_ bytes: [UInt8]) -> [[UInt8]] { bytes.split(separator: UInt8(ascii: "\n")).map(Array.init) }

    private func joined(_ lines: some Sequence<[UInt8]>) -> [UInt8] { lines.flatMap { $0 + [UInt8(ascii: "\n")] } }

    @Test func aWholeJournalHasNoDamage() throws {
        try journal.write(40)
        try journal.write(20)
        let report = try report()
        #expect(report.damage == 0 && report.findings.isEmpty)
        #expect(report.lines == 60 && report.first == 1 && report.last == 60)
        #expect(report.segments > 3)
    }

    @Test func aJournalWithoutLinesHasNoDamage() throws {
        #expect(try report() == JournalReport())
    }

    /// Of any segment, not only of the newest.
    @Test func everyFlippedBitOfALineIsFound() throws {
        try journal.write(40)
        let name = try segments()[1]
        let whole = try journal.bytes(name)
        let start = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
        let end = try #require(whole[start...].firstIndex(of: UInt8(ascii: "\n")))
        for place in stride(from: start, to: end, by: 3) {
            try change(name) {
                $0 = whole
                $0[place] ^= 1 << UInt8(place % 8)
            }
            let first = try #require(JournalNames.first(of: name))
            let finding = JournalReport.Finding(.damaged, file: "journal/\(name)", line: 2, from: first, to: first)
            #expect(try report().findings == [finding], "byte \(place)")
        }
        try change(name) { $0 = whole }
        #expect(try report().damage == 0)
    }

    @Test func aLineThatIsMissingIsFoundByItsNumber() throws {
        try journal.write(40)
        let name = try segments()[1]
        let first = try #require(JournalNames.first(of: name))
        try change(name) { bytes in
            var lines = lines(bytes)
            lines.remove(at: 2)
            bytes = joined(lines)
        }
        #expect(
            try report().findings == [.init(.missing, file: "journal/\(name)", line: 3, from: first + 1, to: first + 1)]
        )
    }

    @Test func linesThatAreMissingAtTheEndAreFoundByTheMarkOfTheNumbers() throws {
        try journal.write(40)
        let name = try #require(try segments().last)
        try change(name) { bytes in bytes = joined(lines(bytes).dropLast()) }
        let finding = JournalReport.Finding(
            .missing, file: "journal.numbers", from: 40, to: 40, reason: "given out, and in no segment")
        #expect(try report().findings == [finding])
    }

    /// What was left out after a kill is no damage, what is missing beside it is.
    @Test func numbersThatARunLeftOutAreNotMissing() throws {
        try journal.write(10, isCrash: true)
        try journal.write(10)
        let whole = try report()
        #expect(whole.damage == 0 && whole.lines == 20 && whole.leftOut == 90)
        for name in try segments() {
            try change(name) { bytes in
                bytes = joined(lines(bytes).filter { !$0.starts(with: #"{"type":"gap""#.utf8) })
            }
        }
        #expect(try report().findings.map(\.kind) == [.missing])
    }

    /// Its numbers are left out once more, and it is read again when the disk works.
    @Test func aSegmentThatAStartCouldNotReadIsNoDamageLater() throws {
        try journal.write(40)
        let name = try #require(try segments().last)
        let failing = Disk { operation, path in operation == .open && path.hasSuffix(name) ? EIO : nil }
        var writer = journal.writer(failing)
        _ = try writer.append(synced: true)
        writer.writer.finish()
        let report = try report()
        #expect(report.damage == 0 && report.lines == 41, "\(report.findings)")
    }

    @Test func theMarkOfAStartThatFoundDamageIsNamed() throws {
        try journal.write(10)
        try journal.state.write([], to: "journal/000000000001.damaged")
        #expect(try report().findings == [.init(.marked, file: "journal/000000000001.damaged")])
        try change("000000000001.jsonl") { $0[$0.count / 2] ^= 1 }
        #expect(try report().findings.map(\.kind) == [.damaged])
    }

    @Test func linesThatAreThereTwiceOrInAnotherOrderAreFound() throws {
        try journal.write(40)
        let name = try segments()[1]
        let first = try #require(JournalNames.first(of: name))
        let whole = try journal.bytes(name)
        try change(name) { bytes in
            var lines = lines(bytes)
            lines.insert(lines[1], at: 2)
            bytes = joined(lines)
        }
        #expect(try report().findings == [.init(.twice, file: "journal/\(name)", line: 3, from: first, to: first)])
        try change(name) { bytes in
            var lines = lines(whole)
            lines.swapAt(1, 2)
            bytes = joined(lines)
        }
        #expect(try report().findings.map(\.kind) == [.missing, .order])
    }

    @Test func aSegmentThatIsMissingIsFound() throws {
        try journal.write(60)
        let names = try segments()
        try Disk().remove("\(journal.folder)/\(names[1])")
        let (first, next) = (
            try #require(JournalNames.first(of: names[1])), try #require(JournalNames.first(of: names[2]))
        )
        let report = try report()
        #expect(report.findings == [.init(.missing, file: "journal/\(names[2])", line: 2, from: first, to: next - 1)])
    }

    /// What retention took is no damage.
    @Test func theOldestSegmentsMayBeGone() throws {
        try journal.write(60)
        let names = try segments()
        try Disk().remove("\(journal.folder)/\(names[0])")
        let report = try report()
        #expect(report.damage == 0 && report.first == JournalNames.first(of: names[1]))
    }

    /// With lines that are good in themselves.
    @Test func aSegmentOfAnotherJournalIsFound() throws {
        try journal.write(60)
        var other = try JournalHarness()
        other.settings.segmentBytes = 4096
        try other.write(60, frame: "b.jpg")
        let names = try segments()
        try change(names[1]) { $0 = try other.bytes(names[1]) }
        let findings = try report().findings.map { "\($0.file) \($0.kind.rawValue)" }
        #expect(findings == ["journal/\(names[1]) untied", "journal/\(names[2]) untied"])
    }

    @Test func aLineThatIsOnItsWayIsNoDamage() throws {
        try journal.write(40)
        let name = try #require(try segments().last)
        try change(name) { $0 += Array(#"{"seq":41,"time"#.utf8) }
        #expect(try report().damage == 0)
    }

    @Test func aSegmentThatCannotBeReadIsNamed() throws {
        try journal.write(40)
        let name = try segments()[1]
        let disk = Disk { operation, path in operation == .open && path.hasSuffix(name) ? EIO : nil }
        let findings = try JournalVerification.run(folder: journal.folder, disk: disk).findings
        #expect(findings.first?.kind == .unreadable && findings.first?.file == "journal/\(name)")
        #expect(findings.dropFirst().map(\.kind) == [.missing])
    }

    @Test func picturesAreThereGaveWayOrAreMissing() throws {
        let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0, 0]
        var pictures = PictureVerification(stateDirectory: journal.state.path) { $0 == jpeg }
        // 1 gave way, 2 and 5 are there, 3 is missing, 4 is empty.
        for seq: UInt64 in 1...5 {
            var record = JournalHarness.record(seq, verdict: .ng)
            record.image = "images/2026/01/02/\(seq)-ng.jpg"
            if let path = record.image, [2, 4, 5].contains(seq) {
                try journal.state.write(seq == 4 ? [] : jpeg, to: path)
            }
            pictures.look(at: VerdictLine(record))
        }
        var outside = JournalHarness.record(6, verdict: .ok)
        outside.image = "../../etc/passwd"
        pictures.look(at: VerdictLine(outside))
        pictures.finish()
        let row = try #require(pictures.report.classes["ng"])
        #expect([row.named, row.stored, row.removed, row.missing, row.damaged] == [5, 2, 1, 1, 1])
        #expect(pictures.report.damage == 2)
        #expect(pictures.report.examples == ["images/2026/01/02/3-ng.jpg", "images/2026/01/02/4-ng.jpg"])
        #expect(pictures.report.classes["ok"]?.stored == 0)
    }

    @Test func picturesThatTheDaemonSaysItDroppedAreNotMissing() throws {
        let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0, 0]
        func event(_ first: Int, _ last: Int, pictures: Int) -> EventRecord {
            EventRecord(
                seq: 1, time: "", event: .picturesDropped, origin: .daemon,
                after: ["first": .count(first), "last": .count(last), "pictures": .count(pictures)])
        }
        // Of 3 to 6 three were dropped, and of 5 to 9, told later, two; 8 is the sixth that is not there. 12 is told by nobody.
        let events = [event(3, 6, pictures: 3), event(5, 9, pictures: 2)]
        var pictures = PictureVerification(stateDirectory: journal.state.path, events: events) { $0 == jpeg }
        for seq: UInt64 in 2...13 {
            var record = JournalHarness.record(seq, verdict: .ng)
            record.image = "images/2026/01/02/\(seq)-ng.jpg"
            if let path = record.image, [2, 9, 10, 11, 13].contains(seq) { try journal.state.write(jpeg, to: path) }
            pictures.look(at: VerdictLine(record))
        }
        pictures.finish(patience: .milliseconds(1))
        let row = try #require(pictures.report.classes["ng"])
        #expect([row.named, row.stored, row.dropped, row.missing] == [12, 5, 5, 2])
        #expect(pictures.report.examples.map { $0.suffix(8) } == ["/8-ng.jpg".suffix(8), "12-ng.jpg".suffix(8)])
    }
}
