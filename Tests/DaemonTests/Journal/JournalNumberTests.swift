import ControlProtocol
import Daemon
import Foundation
import Glibc
import Journal
import Platform
import TestSupport
import Testing

/// No number is given to two parts, whatever happens to the segments.
@Suite struct JournalNumberTests {
    var harness: JournalHarness

    init() throws {
        harness = try JournalHarness()
    }

    private var newest: String {
        get throws { try #require(harness.names().last { $0.hasPrefix("0") }) }
    }

    private func stateBytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: "\(harness.state.path)/\(name)")))
    }

    private func put(_ bytes: some Sequence<UInt8>, at name: String) throws {
        try harness.state.write(Array(bytes), to: "journal/\(name)")
    }

    @Test func afterACrashNumbersGoOnBehindThoseThatWereReserved() throws {
        try harness.write(3, isCrash: true)
        #expect(!harness.start().isDamaged)
        let next = try harness.write(2)
        #expect(next.map(\.sequence) == [101, 102])
        #expect(try harness.sequences() == [1, 2, 3, 101, 102])
        // In the same segment, which says which were left out.
        #expect(try harness.names() == ["000000000001.jsonl", "current.jsonl"])
        let text = try String(decoding: harness.bytes("current.jsonl"), as: UTF8.self)
        #expect(text.contains(#"{"type":"gap","from":4,"to":100,"crc":""#))
        #expect(!harness.start().isDamaged)
        // That run ended well: none is left out.
        #expect(try harness.write(1).map(\.sequence) == [103])
    }

    @Test func startsWithoutAVerdictUseUpNoNumbers() throws {
        try harness.write(3, isCrash: true)
        let start = harness.start()
        for _ in 0..<3 { try harness.write(0, isCrash: true) }
        #expect(harness.start() == start)
    }

    enum Damage: String, CaseIterable {
        case zeroed, emptied, cut, cutAtALine, garbage, removed, folder, link
    }

    @Test(arguments: Damage.allCases, [false, true])
    mutating func noNumberComesTwiceWhateverBecomesOfTheNewestSegment(damage: Damage, isCrash: Bool) throws {
        harness.settings.segmentBytes = 3000
        let given = try harness.write(30, isCrash: isCrash).map(\.sequence)
        let (name, bytes) = (try newest, try harness.bytes(newest))
        #expect(name != "000000000001.jsonl")
        let path = "\(harness.folder)/\(name)"
        switch damage {
        case .zeroed: try put([UInt8](repeating: 0, count: bytes.count), at: name)
        case .emptied: try put([], at: name)
        case .cut: try put(bytes.dropLast(bytes.count / 2), at: name)
        case .cutAtALine: try put(bytes.split(separator: 10).prefix(2).joined(separator: [10]) + [10], at: name)
        case .garbage: try put("no journal\nat all".utf8, at: name)
        case .removed: unlink(path)
        case .folder:
            unlink(path)
            try put([], at: "\(name)/file")
        case .link:
            try harness.state.write(bytes, to: "elsewhere")
            unlink(path)
            symlink("\(harness.state.path)/elsewhere", path)
        }
        // Where it is known how far it had come, what is missing is said.
        if !isCrash { #expect(harness.start().isDamaged) }
        let next = try harness.write(5).map(\.sequence)
        #expect(Set(next).isDisjoint(with: given), "\(next)")
        #expect(next.first == (isCrash ? 101 : 31))
        if damage == .link { #expect(try stateBytes("elsewhere") == bytes) }
        #expect(try harness.sequences().suffix(5) == next[...])
    }

    @Test(arguments: [200, 900_000_000] as [UInt64])
    func aPlantedSegmentDoesNotMakeNumbersJump(first: UInt64) throws {
        try harness.write(3, isCrash: true)
        let copy = try harness.bytes("000000000001.jsonl")
        let name = String(repeating: "0", count: 12 - "\(first)".count) + "\(first).jsonl"
        for bytes in [
            copy, Array("planted\n".utf8), VerdictLine(JournalHarness.record(first)).bytes + [UInt8(ascii: "\n")],
        ] {
            try put(bytes, at: name)
            let start = harness.start()
            #expect(start.lastSequence == 100 && start.isDamaged)
            #expect(start.notes.contains { $0.contains("was never reserved: set aside as") }, "\(start.notes)")
        }
        #expect(try harness.write(2).map(\.sequence) == [101, 102])
        #expect(try harness.sequences() == [1, 2, 3, 101, 102])
    }

    @Test func aPlantedLineDoesNotMakeNumbersJump() throws {
        try harness.write(3)
        let planted = VerdictLine(JournalHarness.record(900_000_000)).bytes + [UInt8(ascii: "\n")]
        try put(harness.bytes("000000000001.jsonl") + planted, at: "000000000001.jsonl")
        #expect(try harness.write(2).map(\.sequence) == [4, 5])
        #expect(try harness.sequences() == [1, 2, 3, 4, 5])
    }

    /// The package was set back for a while: its verdicts are as good as any.
    @Test mutating func segmentsOfAVersionThatReservesNoNumbersAreGoneOnFrom() throws {
        harness.settings.segmentBytes = 3000
        try harness.write(3)
        let mark = try stateBytes("journal.numbers")
        try harness.write(150)
        try harness.state.write(mark, to: "journal.numbers")
        #expect(!harness.start().isDamaged)
        #expect(try harness.write(1).map(\.sequence) == [154])
        #expect(try harness.sequences() == Array(1...154))
    }

    @Test func aJournalWithoutAMarkGoesOnBehindItsLastLine() throws {
        try harness.write(3)
        unlink("\(harness.state.path)/journal.numbers")
        #expect(try harness.write(1).map(\.sequence) == [4])
    }

    @Test func aMarkThatIsDamagedMakesNoNumberComeTwice() throws {
        try harness.write(3, isCrash: true)
        let mark = try stateBytes("journal.numbers")
        for damaged in [
            [], Array(mark.prefix(100)), [UInt8](repeating: 0, count: 1024), Array("?".utf8) + mark.dropFirst(),
        ] {
            try harness.state.write(damaged, to: "journal.numbers")
            #expect(harness.start().lastSequence >= 100)
        }
        unlink("\(harness.state.path)/journal.numbers")
        symlink("/dev/zero", "\(harness.state.path)/journal.numbers")
        #expect(harness.start().lastSequence >= 100)
    }

    /// The two places of the mark are written in turn: a write that was cut off leaves the one before.
    @Test func aMarkWhoseWriteWasCutOffIsNotBelievedToBeOlder() throws {
        for _ in 0..<5 {
            let given = try harness.write(3, isCrash: true).map(\.sequence)
            var mark = try stateBytes("journal.numbers")
            for place in [0, 512] {
                let whole = mark
                mark.replaceSubrange(place + 10..<place + 20, with: [UInt8](repeating: 0xFF, count: 10))
                try harness.state.write(mark, to: "journal.numbers")
                #expect(try harness.start().lastSequence >= #require(given.last))
                mark = whole
            }
            try harness.state.write(mark, to: "journal.numbers")
        }
    }

    /// A disk that does not say which numbers were given out is waited for.
    @Test func nothingIsNumberedWhileTheMarkCannotBeRead() throws {
        try harness.write(3)
        let failing = FailingDisk(.all(of: [.open], errno: EIO))
        #expect(harness.start(failing.disk).failure?.errno == EIO)
        failing.follow(.never)
        #expect(harness.start(failing.disk).lastSequence == 3)
    }
}
