import ControlProtocol
import Foundation
import Glibc
import Journal
import JournalIndex
import Platform
import Statistics
import TestSupport
import Testing

@Suite struct JournalIndexTests {
    private struct Expected: Decodable {
        var from: Int64
        var to: Int64
        var by: StatisticsGrouping
        var total: TallyReply
        var groups: [String: TallyReply]
    }

    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/index.sqlite" }

    init() throws { folder = try TemporaryFolder() }

    /// Reads on behind a journal, as the daemon does.
    private func index(_ journal: ListedLines, opened: JournalIndex? = nil, batch: Int = 100) throws -> JournalIndex {
        let index = opened ?? JournalIndex(path: path)
        if opened == nil { _ = try index.open(verdicts: journal, events: ListedLines()) }
        while case let lines = journal.lines(from: try index.place().verdict + 1, count: batch), !lines.isEmpty {
            _ = try index.take(verdicts: lines, events: [])
        }
        return index
    }

    private func answers(_ index: JournalIndex) throws -> [StatisticsReply] {
        try Fixture.decode([Expected].self, "counts.json").map { expected in
            let question = StatisticsQuestion(from: expected.from, to: expected.to, by: expected.by)
            var count = StatisticsCount(question, try .berlin())
            try index.count(question, into: &count)
            return count.reply(
                station: "", downtime: Downtime(),
                index: IndexReply(lastSequence: 0, journalSequence: 0, unreadable: 0),
                now: 0)
        }
    }

    /// Both changes of the clock, a clock that is set back, part numbers that come again, causes, lots.
    @Test func everyCountIsThatOfPythonOverTheLines() throws {
        let answers = try answers(index(Fixture.journal()))
        for (answer, expected) in zip(answers, try Fixture.decode([Expected].self, "counts.json")) {
            #expect(answer.total == expected.total)
            let groups = Dictionary(uniqueKeysWithValues: answer.groups.map { ($0.name, $0.tally) })
            #expect(groups == expected.groups, "by \(expected.by)")
        }
    }

    @Test func whereNGAreMostUnusualIsCountedByFieldOfWhatIsInspected() throws {
        let lines = ListedLines()
        let boxes = [
            // The one with the highest peak, by its middle.
            (
                1, "NG",
                #"[{"x":0,"y":0,"width":20,"height":20,"peak":1.2},{"x":190,"y":150,"width":20,"height":20,"peak":2.5}]"#
            ),
            (2, "NG", #"[{"x":100,"y":60,"width":20,"height":20,"peak":1.5}]"#),
            (3, "NG", #"[{"x":889,"y":640,"width":20,"height":38,"peak":1.5}]"#),
            (4, "NG", #"[{"x":895,"y":0,"width":20,"height":20,"peak":1.5}]"#),
            (5, "NG", "[]"), (6, "OK", #"[{"x":100,"y":60,"width":20,"height":20,"peak":1.5}]"#),
            (7, "NG", #"[{"x":-1,"y":60,"width":20,"height":20,"peak":1.5}]"#), (8, "NG", #"[{"x":"a"}]"#),
        ]
        for (seq, verdict, regions) in boxes {
            let text =
                #"{"seq":\#(seq),"time":"2026-01-02T03:04:05.678901Z","camera":"top","recipe":"a","frame":"f","verdict":"\#(verdict)","#
                + #""score":1.5,"regions":\#(regions)}"#
            lines.append(VerdictLine(sequence: UInt64(seq), bytes: Array(text.utf8)))
        }
        let index = try index(lines)
        let question = StatisticsQuestion(from: 0, to: .max, by: .camera)
        let progress = IndexReply(lastSequence: 0, journalSequence: 0, unreadable: 0)
        func answer(_ area: @escaping StatisticsCount.AreaOf) throws -> StatisticsReply {
            var count = StatisticsCount(question, try .berlin(), area: area)
            try index.count(question, into: &count)
            return count.reply(station: "", downtime: Downtime(), index: progress, now: 0)
        }
        let answered = try answer { camera, recipe in
            camera == "top" && recipe == "a" ? .init(x: 100, y: 60, width: 800, height: 600) : nil
        }
        let regions = try #require(answered.regions.first)
        #expect(answered.total.ng == 7 && answered.regions.count == 1 && regions.outside == 1)
        #expect(regions.fields.map(\.name) == ["A1", "B2", "H6"] && regions.fields.allSatisfy { $0.count == 1 })
        #expect(try answer { _, _ in nil }.regions.isEmpty)
    }

    @Test func aLineIsReadTheSameWayWhetherOrNotSomethingInItIsEscaped() throws {
        let texts = [
            #"{"seq":7,"time":"2026-01-02T03:04:05.678901Z","camera":"top","recipe":"a","frame":"f","part":"A\"7","verdict":"NG","score":1.5,"regions":[{"x":1,"peak":2}],"latency_ms":{"total":1}}"#,
            #"{"seq":7,"time":"2026-01-02T03:04:05.678901Z","camera":"top","recipe":"a","frame":"f","part":"A{,}7","verdict":"NG","score":1.5,"regions":[{"x":1,"peak":2}],"latency_ms":{"total":1}}"#,
        ]
        let facts = try texts.map { try #require(VerdictFacts(line: Array($0.utf8))) }
        #expect(facts[0].part == #"A"7"# && facts[1].part == "A{,}7")
        #expect(try facts.allSatisfy { try $0.score == 1.5 && $0.time == moment("2026-01-02T03:04:05.678901Z") })
        for text in ["", "{", "{}", #"{"seq":1}"#, String(texts[1].dropLast()), texts[1] + "}", #"{"seq"#] {
            #expect(VerdictFacts(line: Array(text.utf8)) == nil, "\(text)")
        }
    }

    /// What the quick way of reading takes, the JSON parser takes as the same.
    @Test func aLineWithAWrongByteIsReadAsJSONSaysOrRefused() throws {
        struct Line: Decodable {
            var seq: UInt64
            var camera: String
            var part: String?
            var verdict: Verdict
            var score: Double?
        }
        var (state, read) = (UInt64(16), 0)
        func random(below count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let lines = try Fixture.journal().all
        for _ in 0..<20_000 {
            var bytes = lines[random(below: lines.count)].bytes
            bytes[random(below: bytes.count)] = UInt8(random(below: 128))
            guard let facts = VerdictFacts(line: bytes), let line = try? ControlCoding.decode(Line.self, from: bytes)
            else { continue }
            read += 1
            #expect(facts.seq == line.seq && facts.camera == line.camera && facts.part == line.part)
            #expect(facts.verdict == line.verdict && facts.score == line.score)
        }
        #expect(read > 5000)
    }

    @Test func aDamagedIndexIsMadeAnewAndSaysTheSame() throws {
        let journal = try Fixture.journal()
        let whole = try index(journal)
        let expected = try answers(whole)
        whole.close()
        let bytes = try folder.bytes(of: "index.sqlite")
        var flipped = bytes
        for page in stride(from: 4096, to: flipped.count, by: 4096) { flipped[page] ^= 0x55 }
        let other = Array("no database at all, but long enough to be read as one".utf8)
        for (what, damaged) in [
            ("garbage", other), ("half", Array(bytes.prefix(bytes.count / 2))), ("bits", flipped), ("empty", []),
        ] {
            for file in ["index.sqlite-wal", "index.sqlite-shm"] { try? folder.remove(file) }
            try folder.write(damaged, to: "index.sqlite")
            let index = JournalIndex(path: path)
            let reason = try index.open(verdicts: journal, events: ListedLines())
            // An empty file is as good as none.
            #expect(reason != nil || damaged.isEmpty, "\(what)")
            #expect(try answers(self.index(journal, opened: index)) == expected, "\(what)")
            index.close()
        }
    }

    @Test func aLinkInThePlaceOfTheIndexIsNotFollowedAndOneToItsFolderIs() throws {
        let journal = try Fixture.journal()
        try folder.write("somebody's", to: "other")
        symlink("\(folder.path)/other", path)
        try index(journal).close()
        #expect(try folder.text(of: "other") == "somebody's")
        symlink(folder.path, "\(folder.path)/link")
        let linked = JournalIndex(path: "\(folder.path)/link/index.sqlite")
        #expect(try linked.open(verdicts: journal, events: ListedLines()) == nil)
        #expect(linked.isOpen)
    }

    @Test func anIndexOfAnotherJournalIsThrownAway() throws {
        let mine = ListedLines((1...20_100).map { line($0, second: $0) })
        try index(mine, batch: 5000).close()
        let other = ListedLines((1...20_100).map { line($0, second: $0 + 7) })
        let index = JournalIndex(path: path)
        #expect(try index.open(verdicts: other, events: ListedLines())?.contains("another journal") == true)
        index.close()
        let shorter = ListedLines([line(1, second: 8)])
        _ = try self.index(mine, batch: 5000).close()
        #expect(try JournalIndex(path: path).open(verdicts: shorter, events: ListedLines()) != nil)
    }

    @Test func verdictsThatAPowerCutTookFromTheJournalAreTakenFromTheIndex() throws {
        let journal = ListedLines((1...100).map { line($0, second: $0, part: "A") })
        try index(journal).close()
        journal.lose(after: 90)
        journal.append(line(11_000, second: 200, part: "B"))
        let index = try index(journal)
        #expect(try index.sequences(part: "A", lot: nil, count: 1000) == Array(1...90))
        #expect(try index.sequences(part: "B", lot: nil, count: 1000) == [11_000])
    }

    @Test func theFirstVerdictThatIsLeftOfAPartIsItsFirst() throws {
        let journal = try Fixture.journal()
        let index = try index(journal)
        journal.forget(before: 400)
        try index.forget(before: 400)
        let expected = try answers(index)
        index.close()
        try folder.remove("index.sqlite")
        #expect(try answers(self.index(journal)) == expected)
        #expect(expected[0].total.parts > 100)
    }

    @Test func aPartIsFoundByItsNumberAndALotByItsName() throws {
        let journal = try Fixture.journal()
        let index = try index(journal)
        struct Line: Decodable {
            var seq: UInt64
            var part: String?
            var lot: String?
        }
        let lines = try journal.all.map { try ControlCoding.decode(Line.self, from: $0.bytes) }
        for part in ["A-7", #"A-50\"#, "nobody's"] {
            #expect(
                try index.sequences(part: part, lot: nil, count: 1000) == lines.filter { $0.part == part }.map(\.seq))
        }
        #expect(try index.sequences(part: nil, lot: "L-2", count: 1000) == lines.filter { $0.lot == "L-2" }.map(\.seq))
        #expect(
            try index.sequences(part: nil, lot: "L-2", count: 3)
                == lines.filter { $0.lot == "L-2" }.map(\.seq).suffix(3))
    }

    private func line(_ seq: Int, second: Int, part: String? = nil) -> VerdictLine {
        let second = 1_800_000_000 + Int64(second)
        let record = InspectionRecord(
            seq: UInt64(seq), time: WallTime(microsecondsSince1970: second * 1_000_000).rfc3339, camera: "top",
            recipe: "bottle", generation: 1, frame: "", part: part, verdict: .ok, cause: nil, score: 0.5, limit: 1,
            regions: [], latency: .init(), image: nil, heatmap: nil, stored: .written)
        return VerdictLine(record)
    }
}
