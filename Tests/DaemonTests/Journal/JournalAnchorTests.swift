import ControlProtocol
import Daemon
import Journal
import Logging
import Platform
import TestSupport
import Testing

@Suite struct JournalAnchorTests {
    private let journal: JournalHarness
    private let events: EventLog

    init() throws {
        var harness = try JournalHarness()
        harness.settings.segmentBytes = 4096
        journal = harness
        events = EventLog(EventJournal(stateDirectory: harness.state.path, logger: .silent))
    }

    /// Up to the newest lines of both journals.
    @discardableResult
    private func anchor(
        behind known: EventRecord? = nil, in events: EventLog? = nil
    ) throws -> EventRecord {
        func extended(_ chain: LineChain, _ lines: [VerdictLine]) -> LineChain {
            lines.filter { $0.sequence > chain.sequence }.reduce(into: chain) { $0.add($1) }
        }
        func start(_ lines: [VerdictLine]) -> LineChain { LineChain(behind: (lines.first?.sequence ?? 1) - 1) }
        let (events, known) = (events ?? self.events, known.flatMap { JournalAnchor($0.after) })
        let verdicts = try journal.read()
        let told = try events.journal.lines(from: 1, count: .max)
        let before = known ?? JournalAnchor(verdicts: start(verdicts), events: start(told))
        let after = JournalAnchor(
            verdicts: extended(before.verdicts, verdicts), events: extended(before.events, told))
        return try #require(events.note(Change(.anchor, before: before.values, after: after.values)))
    }

    private func report(kept: [EventRecord]? = nil) throws -> AnchorReport {
        var verification = AnchorVerification()
        let folder = "\(journal.state.path)/events"
        _ = try JournalVerification.run(folder: folder, look: { verification.find(in: $0) })
        verification.begin()
        _ = try JournalVerification.run(folder: folder, look: { verification.look(atEvent: $0) })
        _ = try JournalVerification.run(folder: journal.folder, look: { verification.look(atVerdict: $0) })
        return verification.finish(kept: kept)
    }

    /// As whoever may write the files does it: with a checksum that holds.
    private func replace(_ sequence: UInt64, with line: [UInt8]) throws {
        for name in try journal.names() where JournalNames.first(of: name) != nil {
            let lines = try journal.bytes(name).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let changed = lines.map { JournalLine.sequence(of: $0) == sequence ? line[...] : $0 }
            try journal.state.write(Array(changed.joined(separator: [UInt8(ascii: "\n")])), to: "journal/\(name)")
        }
    }

    @Test func linesThatAreAsTheyWereAreThoseOfTheAnchors() throws {
        events.note(Change(.stop))
        try journal.write(40)
        let first = try anchor()
        try journal.write(20, isCrash: true)
        try journal.write(20)
        let second = try anchor(behind: first)
        // Behind the newest anchor anything may follow.
        try journal.write(5)
        let found = try report(kept: [first, second, first])
        #expect(found.findings == [] && found.anchors == 2 && found.checked == 2 && found.kept == 2)
    }

    @Test func aVerdictThatIsRewrittenWithAChecksumThatHoldsIsFound() throws {
        try journal.write(40)
        let first = try anchor()
        try journal.write(40)
        try anchor(behind: first)
        try replace(50, with: VerdictLine(JournalHarness.record(50, verdict: .ng)).bytes)
        #expect(try JournalVerification.run(folder: journal.folder).damage == 0)
        let found = try report()
        #expect(found.checked == 1)
        #expect(found.findings.map { [$0.from, $0.to] } == [[41, 80]])
        #expect(found.findings.map(\.kind) == [.changed] && found.findings.map(\.file) == ["journal"])
    }

    @Test func aVerdictInWhosePlaceALeftOutNumberStandsIsFound() throws {
        try journal.write(40)
        try anchor()
        try replace(7, with: NumberGap(from: 7, to: 7).line)
        #expect(try JournalVerification.run(folder: journal.folder).damage == 0)
        #expect(try report().findings.map(\.kind) == [.changed])
    }

    @Test func anEventThatIsRewrittenIsFound() throws {
        events.note(Change(.limit, after: ["value": .number(0.5)]))
        try journal.write(3)
        try anchor()
        let name = try #require(try journal.state.names(in: "events").first { JournalNames.first(of: $0) != nil })
        let lines = try Disk().read("\(journal.state.path)/events/\(name)").split(separator: UInt8(ascii: "\n"))
        var object = JSONLine()
        object.add("seq", 1)
        for (key, text) in [("time", "t"), ("event", "limit"), ("origin", "daemon")] { object.add(key, text) }
        let changed = lines.map { JournalLine.sequence(of: $0) == 1 ? JournalLine.sealed(object) : Array($0) }
        try journal.state.write(changed.flatMap { $0 + [UInt8(ascii: "\n")] }, to: "events/\(name)")
        #expect(try report().findings.map(\.file) == ["events"])
    }

    @Test func linesThatRetentionTookAreNotChecked() throws {
        try journal.write(40)
        let first = try anchor()
        try journal.write(40)
        try anchor(behind: first)
        let oldest = try #require(try journal.names().filter { JournalNames.first(of: $0) != nil }.min())
        try journal.state.remove("journal/\(oldest)")
        let found = try report()
        #expect(found.findings == [] && found.anchors == 2 && found.checked == 1)
    }

    /// Who may write the files may make anchors, too: what was kept elsewhere decides.
    @Test func anAnchorThatWasKeptElsewhereTellsARewrittenJournalFromTheOneThatWas() throws {
        try journal.write(40)
        let kept = try anchor()
        try replace(7, with: VerdictLine(JournalHarness.record(7, verdict: .ng)).bytes)
        try journal.state.remove("events")
        try journal.state.remove("events.numbers")
        let made = EventLog(EventJournal(stateDirectory: journal.state.path, logger: .silent))
        try anchor(in: made)
        #expect(try report().findings == [])
        let found = try report(kept: [kept])
        #expect(found.kept == 0 && found.findings.map(\.kind) == [.changed])
        var later = kept
        later.seq = 9
        #expect(try report(kept: [later]).findings.map(\.kind) == [.missing])
    }

    @Test func anAnchorThatDoesNotGoOnBehindTheOneBeforeIsFound() throws {
        try journal.write(10)
        try anchor()
        try journal.write(10)
        try anchor()
        #expect(try report().findings.first?.kind == .untied)
    }
}
