import Capture
import ControlProtocol
import Core
import Glibc
import Platform
import TestSupport
import Testing

@Suite struct PictureIndexTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func index(
        lastSequence: UInt64 = .max, disposal: PictureIndex.Disposal = .leave,
        journalled: [(name: FileName, entry: PictureIndex.Entry)] = []
    ) -> PictureIndex {
        PictureIndex(
            path: "\(folder.path)/state/folders/camera.index", folder: "\(folder.path)/in", disposal: disposal,
            lastSequence: lastSequence,
            journalled: { after in journalled.filter { $0.entry.sequence > after } })
    }

    /// Has every picture in the folder judged.
    private func judge(_ index: PictureIndex, _ verdict: Verdict = .ok, from sequence: UInt64 = 1) throws -> [String] {
        var source = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: index)
        var (names, sequence) = ([String](), sequence)
        while let frame = try? source.frame(within: .milliseconds(500)) {
            names.append(frame.name)
            frame.file?.hasVerdict(verdict, sequence: sequence, isStored: true)
            sequence += 1
        }
        index.flush(within: .seconds(10))
        return names
    }

    @Test func whatWasJudgedIsKnownAfterARestart() throws {
        for name in ["a.png", "b.png", "with\ttab.png"] { try folder.write(name, to: "in/\(name)") }
        #expect(try judge(index()).count == 3)
        #expect(try judge(index()).isEmpty)
        try folder.write("new", to: "in/a.png")
        #expect(try judge(index(), from: 4) == ["a.png"])
    }

    @Test func whatTheJournalHasLostIsJudgedAgain() throws {
        for name in ["a.png", "b.png"] { try folder.write(name, to: "in/\(name)") }
        #expect(try judge(index()) == ["a.png", "b.png"])
        #expect(try judge(index(lastSequence: 1), from: 2) == ["b.png"])
    }

    @Test func whatOnlyTheJournalHasIsNotJudgedAgain() throws {
        for name in ["a.png", "b.png"] { try folder.write(name, to: "in/\(name)") }
        let judged = PictureIndex()
        var source = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: judged)
        let frame = try source.nextFrame()
        let entry = PictureIndex.Entry(identity: nil, digest: frame.file?.digest, sequence: 1, verdict: .ok)
        #expect(try judge(index(journalled: [(FileName(shown: frame.name), entry)]), from: 2) == ["b.png"])
    }

    @Test func whatAFullDiskKeptFromTheIndexIsWrittenWithTheNextVerdict() throws {
        let path = "\(folder.path)/state/folders/camera.index"
        for name in ["a.png", "b.png"] { try folder.write(name, to: "in/\(name)") }
        let index = index()
        var source = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: index)
        let frames = [try source.nextFrame(), try source.nextFrame()]
        // In its place, so that nothing can be written.
        try #require(mkdir("\(folder.path)/state", 0o700) == 0 && mkdir("\(folder.path)/state/folders", 0o700) == 0)
        try #require(mkdir(path, 0o700) == 0)
        frames[0].file?.hasVerdict(.ok, sequence: 1, isStored: true)
        index.flush(within: .seconds(10))
        #expect(index.failure?.contains("judged files are not written down") == true)
        try #require(rmdir(path) == 0)
        frames[1].file?.hasVerdict(.ok, sequence: 2, isStored: true)
        index.flush(within: .seconds(10))
        #expect(index.failure == nil)
        #expect(try judge(self.index(), from: 3).isEmpty)
    }

    @Test func aFileThatWasJudgedAndIsRenamedWhileNobodyWatchesIsNoPart() throws {
        for name in ["a.png", "b.png"] { try folder.write(name, to: "in/\(name)") }
        #expect(try judge(index()).count == 2)
        try #require(rename("\(folder.path)/in/a.png", "\(folder.path)/in/part1.png") == 0)
        try folder.write("new", to: "in/part2.png")
        #expect(try judge(index(), from: 3) == ["part2.png"])
        #expect(try judge(index(), from: 4).isEmpty)
    }

    @Test func whatWaitsAtAChangeoverIsJudgedByTheRecipeOfItsTimeAfterARestart() throws {
        for name in ["a.png", "b.png", "c.png"] { try folder.write(name, to: "in/\(name)") }
        let first = index()
        var source = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: first)
        let frames = try (0..<3).map { _ in try source.nextFrame() }
        #expect(frames.map { $0.file?.recipe } == [.inUse, .inUse, .inUse])
        frames[0].file?.hasVerdict(.ok, sequence: 1, isStored: true)
        try source.backlog.keep("cap", .now)
        frames[1].file?.hasVerdict(.ok, sequence: 2, isStored: true)
        first.flush(within: .seconds(10))
        // The next product's, while nobody watches. Somebody touches the one that waits.
        try folder.write("d.png", to: "in/d.png")
        try folder.overwrite("c.png", at: "in/c.png")
        for _ in 0..<2 {
            let index = index()
            var source = WatchSource(
                WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: index)
            let frames = [try source.nextFrame(), try source.nextFrame()]
            #expect(frames.map(\.name) == ["c.png", "d.png"])
            #expect(frames.map { $0.file?.recipe } == [.named("cap"), .inUse])
        }
        // With the last of them it is forgotten.
        #expect(try judge(index(), from: 3) == ["c.png", "d.png"])
        #expect(try Disk().names(in: "\(folder.path)/state/folders") == ["camera.index"])
    }

    @Test func whatMayHaveWaitedIsJudgedByNoRecipeWhereThatIsDamaged() throws {
        for name in ["a.png", "b.png"] { try folder.write(name, to: "in/\(name)") }
        let first = index()
        var source = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: first)
        _ = [try source.nextFrame(), try source.nextFrame()]
        try source.backlog.keep("cap", .now)
        let path = "\(folder.path)/state/folders/camera.index.waiting"
        var bytes = try Disk().read(path)
        bytes[10] ^= 1
        try Disk().place(bytes, at: path, temporary: "\(path).test")
        var second = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: index())
        for name in ["a.png", "b.png"] {
            let frame = try second.nextFrame()
            #expect(frame.name == name && frame.file?.recipe == .lost(reason: "\(path) is damaged"))
        }
        try folder.write("c.png", to: "in/c.png")
        #expect(try second.nextFrame().file?.recipe == .inUse)
    }

    @Test func aDamagedIndexCostsNoPart() throws {
        for number in 0..<20 { try folder.write("picture \(number)", to: "in/\(number).png") }
        #expect(try judge(index()).count == 20)
        let path = "\(folder.path)/state/folders/camera.index"
        let bytes = try Disk().read(path)
        var generator = SplitMix64(seed: 1)
        for _ in 0..<20 {
            var damaged = Array(bytes.prefix(Int.random(in: 30..<bytes.count, using: &generator)))
            damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^=
                1 << UInt8.random(in: 0..<8, using: &generator)
            try Disk().place(damaged, at: path, temporary: "\(path).test")
            try folder.write("new", to: "in/new.png")
            // Twice rather than never.
            #expect(try judge(index(), from: 21).contains("new.png"))
            try #require(unlink("\(folder.path)/in/new.png") == 0)
        }
    }

    @Test func judgedFilesAreMovedByTheirVerdict() throws {
        try folder.write("first", to: "in/a.png")
        #expect(try judge(index(disposal: .move), .ng) == ["a.png"])
        try folder.write("second", to: "in/a.png")
        #expect(try judge(index(disposal: .move), .ng, from: 2) == ["a.png"])
        #expect(try Disk().read("\(folder.path)/in/done/NG/a.png") == Array("first".utf8))
        #expect(try Disk().read("\(folder.path)/in/done/NG/a-2.png") == Array("second".utf8))
        #expect(try Disk().names(in: "\(folder.path)/in") == ["done"])
    }

    @Test func judgedFilesAreRemovedOnceTheirVerdictsAreOnTheDisk() throws {
        try folder.write("x", to: "in/a.png")
        let broken = index(disposal: .delete(sync: { "the disk is full" }))
        #expect(try judge(broken) == ["a.png"])
        #expect(broken.failure?.contains("the disk is full") == true)
        #expect(try Disk().names(in: "\(folder.path)/in") == ["a.png"])
        // The next start removes what this one could not.
        #expect(try judge(index(disposal: .delete(sync: { nil })), from: 2).isEmpty)
        #expect(try Disk().names(in: "\(folder.path)/in").isEmpty)
    }

    @Test func aNewPictureOfTheSameNameIsNotRemovedForTheJudgedOne() throws {
        try folder.write("old", to: "in/a.png")
        let index = index(disposal: .delete(sync: { nil }))
        var source = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: index)
        let old = try source.nextFrame()
        try folder.write("new", to: "in/.tmp")
        try #require(rename("\(folder.path)/in/.tmp", "\(folder.path)/in/a.png") == 0)
        let new = try source.nextFrame()
        old.file?.hasVerdict(.ok, sequence: 1, isStored: true)
        index.flush(within: .seconds(10))
        #expect(try Disk().read("\(folder.path)/in/a.png") == Array("new".utf8))
        new.file?.hasVerdict(.ok, sequence: 2, isStored: true)
        index.flush(within: .seconds(10))
        #expect(try Disk().names(in: "\(folder.path)/in").isEmpty)
    }

    @Test(arguments: ["plain.png", "Prüfteil.png", "back\\slash.png", "line\nend.png", "\\xFC.png"])
    func aNameIsTheSameAfterItsText(_ text: String) {
        let name = FileName(text)
        #expect(FileName(shown: name.text) == name)
        let raw = FileName([0x50, 0xFC, 0xFF] + Array(text.utf8))
        #expect(FileName(shown: raw.text) == raw)
        #expect(!raw.text.unicodeScalars.contains { $0.value < 0x20 })
    }
}
