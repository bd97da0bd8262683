import ControlProtocol
import Core
import Daemon
import Foundation
import Glibc
import Journal
import Platform
import TestSupport
import Testing

@Suite struct JournalRecoveryTests {
    let harness: JournalHarness
    private static let segment = "000000000001.jsonl"

    init() throws {
        harness = try JournalHarness()
    }

    private func put(_ bytes: [UInt8], at name: String = segment) throws {
        try harness.state.write(bytes, to: "journal/\(name)")
    }

    @Test func sequenceGoesOnOverRestarts() throws {
        try harness.write(3)
        try harness.write(0)
        try harness.write(2)
        #expect(try harness.sequences() == [1, 2, 3, 4, 5])
        #expect(try harness.names() == [Self.segment, "current.jsonl"])
    }

    /// A sector that cannot be read today, a controller that is reset: what is in the segments counts again tomorrow.
    @Test func anErrorOfTheDiskAtAStartTakesNoVerdictOutOfTheJournal() throws {
        var written = try Set(harness.write(3, isCrash: true).map(\.sequence))
        var (isReached, number) = (true, 0)
        while isReached {
            number += 1
            let failing = FailingDisk(.once(at: number, errno: EIO))
            let start = harness.start(failing.disk)
            isReached = failing.operations >= number
            // Else nobody knows which numbers were given out, and nothing is written.
            if start.failure == nil {
                var writer = NumberedWriter(
                    JournalWriter(start, folder: harness.folder, settings: harness.settings, disk: Disk()))
                try written.insert(writer.append(synced: true).sequence)
            }
            try written.formUnion(harness.write(2, isCrash: true).map(\.sequence))
            #expect(try Set(harness.sequences()) == written, "operation \(number)")
            #expect(try !harness.names().contains { $0.hasPrefix("torn-") }, "operation \(number)")
        }
        #expect(number > 5)
    }

    /// A journal of a version that reserved no numbers.
    @Test func aLastLineCutAnywhereIsSetAsideAndItsNumberGivenAgain() throws {
        let lines = try harness.write(3)
        let whole = try harness.bytes(Self.segment)
        let last = lines[2].bytes.count + 1
        for cut in 1..<last {
            let harness = try JournalHarness()
            try harness.state.write(Array(whole.dropLast(cut)), to: "journal/\(Self.segment)")
            #expect(harness.start().lastSequence == 2, "cut of \(cut)")
            #expect(!harness.start().isDamaged, "cut of \(cut)")
            #expect(try harness.sequences() == [1, 2], "cut of \(cut)")
            #expect(try harness.bytes("torn-3.bin") == whole.dropLast(cut).suffix(last - cut), "cut of \(cut)")
            guard cut % 50 == 0 else { continue }
            #expect(try harness.write(1).map(\.sequence) == [3], "cut of \(cut)")
            #expect(try harness.sequences() == [1, 2, 3], "cut of \(cut)")
        }
    }

    /// Sealed as ours are, but nobody ever gave out such a number: it has no next one, or the numbers would run out
    /// behind it.
    @Test(arguments: [.max, .max - 1, (1 << 53) + 1] as [UInt64])
    func aNumberThatNoJournalComesToIsNotGoneOnFrom(number: UInt64) throws {
        let lines = try harness.write(3)
        let ours = try harness.bytes(Self.segment)
        let planted = VerdictLine(JournalHarness.record(number)).bytes + [UInt8(ascii: "\n")]
        try put(ours + planted)
        #expect(harness.start().lastSequence == 3)
        try put(ours + planted + lines[2].bytes + [UInt8(ascii: "\n")])
        #expect(harness.start().isDamaged)
        #expect(try harness.sequences().prefix(3) == [1, 2, 3])
        try put(ours)
        try put(planted, at: "\(number).jsonl")
        let start = harness.start()
        #expect(start.lastSequence == 3 && start.isDamaged)
        // The last number there is names no segment at all: such a file is left alone.
        let isSetAside = start.notes.contains { $0.contains("\(number).jsonl") && $0.contains("set aside as") }
        #expect(isSetAside == (number < .max), "\(start.notes)")
        #expect(try harness.write(2).map(\.sequence) == [4, 5])
        #expect(try harness.sequences() == [1, 2, 3, 4, 5])
    }

    @Test func aReaderShowsWhatItCanBesideAPlantedNumber() throws {
        try harness.write(3)
        try put(VerdictLine(JournalHarness.record(.max)).bytes + [UInt8(ascii: "\n")], at: "\(UInt64.max).jsonl")
        try put(
            VerdictLine(JournalHarness.record(.max - 1)).bytes + [UInt8(ascii: "\n")], at: "\(UInt64.max - 1).jsonl")
        #expect(try harness.sequences() == [1, 2, 3, .max - 1])
        #expect(try harness.read(from: .max).isEmpty)
    }

    /// A file with holes, as `truncate -s` makes it, claims more than any disk or memory has.
    @Test func aSegmentThatClaimsToBeEndlessIsSetAsideUnread() throws {
        try harness.write(3)
        try put([UInt8](Data("x".utf8)), at: "000000000004.jsonl")
        #expect(truncate("\(harness.folder)/000000000004.jsonl", 1 << 40) == 0)
        let start = harness.start()
        #expect(start.isDamaged && start.lastSequence == 3)
        #expect(start.notes.contains { $0.contains("File too large") }, "\(start.notes)")
    }

    @Test func everyFlippedBitIsFoundAndCostsNoOtherRecord() throws {
        let lines = try harness.write(3)
        let whole = try harness.bytes(Self.segment)
        let file = open("\(harness.folder)/\(Self.segment)", O_WRONLY)
        defer { close(file) }
        let header = whole.count - lines.map { $0.bytes.count + 1 }.reduce(0, +)
        var ends = [header]
        for line in lines { ends.append((ends.last ?? 0) + line.bytes.count + 1) }
        let undamaged = SegmentScan(whole, first: 1)
        var missed: [String] = []
        for place in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[place] ^= 1 << bit
                try #require(pwrite(file, [bytes[place]], 1, off_t(place)) == 1)
                let read = try harness.read()
                // A flip in a line end takes both lines that it held apart.
                let others = lines.indices.filter { !(ends[$0] - 1...ends[$0 + 1] - 1).contains(place) }
                let isFound = SegmentScan(bytes, first: 1) != undamaged
                if !isFound || !others.allSatisfy({ read.contains(lines[$0]) }) || !read.allSatisfy(lines.contains) {
                    missed.append("bit \(bit) of byte \(place)")
                }
            }
            try #require(pwrite(file, [whole[place]], 1, off_t(place)) == 1)
        }
        #expect(missed.isEmpty)
    }

    @Test func damageInTheMiddleIsKeptAndANewSegmentBegins() throws {
        let lines = try harness.write(5)
        var bytes = try harness.bytes(Self.segment)
        bytes[bytes.count / 2] ^= 1
        try put(bytes)
        #expect(harness.start().isDamaged)
        #expect(try harness.write(2).map(\.sequence) == [6, 7])
        #expect(try harness.bytes(Self.segment) == bytes)
        #expect(try harness.sequences().count == lines.count - 1 + 2)
        // The next starts know it, too, and change nothing.
        let (names, start) = (try harness.names(), harness.start())
        #expect(start.isDamaged)
        #expect(harness.start() == start)
        #expect(try harness.names() == names)
    }

    @Test func aLineThatIsGoneOrDoubledIsDamage() throws {
        let lines = try harness.write(3).map { $0.bytes + [UInt8(ascii: "\n")] }
        let header = try harness.bytes(Self.segment).dropLast(lines.joined().count)
        try put(Array([Array(header), lines[0], lines[2]].joined()))
        #expect(harness.start().isDamaged)
        try put(Array([Array(header), lines[0], lines[1], lines[1], lines[2]].joined()))
        #expect(harness.start().isDamaged)
        #expect(try harness.sequences() == [1, 2, 3])
    }

    @Test func zerosBehindTheLastLineAreItsEnd() throws {
        try harness.write(2)
        let whole = try harness.bytes(Self.segment)
        try put(whole + [UInt8](repeating: 0, count: 4096))
        #expect(harness.start().notes.isEmpty)
        #expect(try harness.bytes(Self.segment) == whole)
    }

    @Test func aHugeSegmentIsPutInOrderWithoutBeingReadIntoMemory() throws {
        try harness.write(3)
        let length = try Data(contentsOf: URL(filePath: "\(harness.folder)/\(Self.segment)")).count
        // Reserved space: the file system keeps no zeros.
        #expect(truncate("\(harness.folder)/\(Self.segment)", 2 << 30) == 0)
        let before = try peakKibibytes()
        #expect(harness.start().lastSequence == 3)
        #expect(try peakKibibytes() - before < 1 << 20)
        #expect(try Data(contentsOf: URL(filePath: "\(harness.folder)/\(Self.segment)")).count == length)
    }

    /// The most memory that this process ever had.
    private func peakKibibytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    }

    @Test func aFileOfGarbageIsSetAside() throws {
        try put(Array("no journal\nat all".utf8), at: "000000000007.jsonl")
        // One line end: number 7 may have been given out.
        #expect(try harness.write(1).map(\.sequence) == [8])
        #expect(try harness.names() == ["000000000008.jsonl", "current.jsonl", "torn-8.bin"])
    }

    @Test func aFolderInPlaceOfASegmentStopsNothing() throws {
        try harness.state.write("", to: "journal/\(Self.segment)/file")
        #expect(try harness.write(1).count == 1)
        #expect(try harness.sequences().count == 1)
    }

    @Test func startingAgainChangesNothing() throws {
        try harness.write(4)
        try put(harness.bytes(Self.segment).dropLast(9))
        _ = harness.start()
        let (names, first) = (try harness.names(), harness.start())
        #expect(harness.start() == first)
        #expect(try harness.names() == names)
    }

    @Test func randomDamageCostsOnlyWhatItTouches() throws {
        var random = SplitMix64(seed: 2)
        for round in 0..<150 {
            let harness = try JournalHarness()
            let lines = try harness.write(8)
            var bytes = try harness.bytes(Self.segment)
            let start = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, start + Int.random(in: 0...200, using: &random))
            let splice = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let untouched = bytes[..<start].split(separator: 10) + bytes[end...].split(separator: 10)
            bytes.replaceSubrange(start..<end, with: splice)
            try harness.state.write(bytes, to: "journal/\(Self.segment)")
            try harness.write(1)
            let read = try harness.read()
            for line in lines where untouched.contains(where: { $0.elementsEqual(line.bytes) }) {
                // The line before the splice may be spliced into one with what follows it.
                let isJoined =
                    bytes[..<start].suffix(line.bytes.count).elementsEqual(line.bytes)
                    || bytes.dropFirst(start + splice.count).starts(with: line.bytes)
                #expect(isJoined || read.contains(line), "round \(round)")
            }
            #expect(Set(read.map(\.sequence)).count == read.count, "round \(round)")
        }
    }
}
