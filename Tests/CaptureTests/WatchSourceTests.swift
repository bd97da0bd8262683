import Capture
import ControlProtocol
import Core
import FoundationEssentials
import Glibc
import Platform
import Settings
import TestSupport
import Testing

/// A watched folder, with an index in memory that the sources of a test share.
@Suite struct WatchSourceTests {
    let folder: TemporaryFolder
    let index = PictureIndex()

    init() throws {
        folder = try TemporaryFolder()
    }

    private func source(
        settling: Duration = .milliseconds(30), completion: Configuration.Camera.Completion = .closed,
        isRecursive: Bool = false
    ) -> WatchSource {
        WatchSource(
            WatchSource.Place(
                path: folder.path, settling: settling, completion: completion, isRecursive: isRecursive),
            index: index)
    }

    /// A source that watches already.
    private func watching(_ completion: Configuration.Camera.Completion = .closed) throws -> WatchSource {
        var source = source(settling: .seconds(60), completion: completion)
        try source.beginToWatch()
        return source
    }

    @Test func whatIsThereAtTheStartIsTakenOnceInOrder() throws {
        for name in ["b.jpg", "a.jpg", "c.txt"] { try folder.write(name, to: name) }
        var source = source()
        #expect(try [source.nextFrame().name, source.nextFrame().name] == ["a.jpg", "b.jpg"])
        #expect(try source.rest().isEmpty)
        // It was there before: nobody waits for its verdict. But it is said.
        #expect(source.reading.skipped.count == 0)
        #expect(source.reading.notRead == [".txt": 1])
    }

    @Test func aFileIsTakenWhenItIsClosedAndNotBefore() throws {
        var source = try watching()
        let path = "\(folder.path)/part1.jpg"
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(write(descriptor, "half", 4) == 4)
        #expect(try source.rest().isEmpty)
        #expect(write(descriptor, "whole", 5) == 5)
        close(descriptor)
        #expect(try source.nextFrame().payload.get().bytes == Array("halfwhole".utf8))
        #expect(try source.rest().isEmpty)
    }

    @Test func anUploadThatStallsWhileTheDaemonStartsIsOnePart() throws {
        let descriptor = open("\(folder.path)/part1.jpg", O_WRONLY | O_CREAT, 0o600)
        #expect(write(descriptor, "half", 4) == 4)
        var source = source(settling: .milliseconds(10))
        // More than one look at the whole folder.
        let end = ContinuousClock.now + .milliseconds(1300)
        while .now < end { #expect(try source.rest().isEmpty) }
        #expect(write(descriptor, "whole", 5) == 5)
        close(descriptor)
        #expect(try source.nextFrame().payload.get().bytes == Array("halfwhole".utf8))
        #expect(try source.rest().isEmpty)
    }

    @Test func onAShareAFileIsTakenWhenItRests() throws {
        var source = source(settling: .milliseconds(400), completion: .atRest)
        try source.beginToWatch()
        let descriptor = open("\(folder.path)/part1.jpg", O_WRONLY | O_CREAT, 0o600)
        for _ in 0..<3 {
            #expect(write(descriptor, "piece", 5) == 5)
            #expect(try source.rest().isEmpty)
        }
        close(descriptor)
        #expect(try source.nextFrame().payload.get().bytes == Array("piecepiecepiece".utf8))
        #expect(try source.rest().isEmpty)
    }

    @Test func aFileThatIsMovedOrLinkedInIsTaken() throws {
        let outside = try TemporaryFolder()
        try outside.write("x", to: "moved.png")
        try outside.write("y", to: "linked.png")
        var source = try watching()
        try #require(rename("\(outside.path)/moved.png", "\(folder.path)/moved.png") == 0)
        #expect(try source.nextFrame().name == "moved.png")
        try #require(link("\(outside.path)/linked.png", "\(folder.path)/linked.png") == 0)
        #expect(try source.nextFrame().name == "linked.png")
        #expect(try source.rest().isEmpty)
    }

    @Test func aTemporaryNameIsNoPart() throws {
        var source = try watching()
        try folder.write("x", to: "part.jpg.part")
        #expect(try source.rest().isEmpty)
        try #require(rename("\(folder.path)/part.jpg.part", "\(folder.path)/part.jpg") == 0)
        #expect(try source.nextFrame().name == "part.jpg")
        #expect(try source.rest().isEmpty)
    }

    @Test func aPictureThatIsRenamedInTheFolderIsOnePart() throws {
        var source = try watching()
        for number in 1...20 {
            try folder.write("picture \(number)", to: "current.jpg")
            try #require(rename("\(folder.path)/current.jpg", "\(folder.path)/part\(number).jpg") == 0)
            #expect(try source.nextFrame().payload.get().bytes == Array("picture \(number)".utf8))
        }
        #expect(try source.rest().isEmpty)
    }

    @Test func theSameNameAgainIsANewPart() throws {
        var source = try watching()
        for text in ["first", "second", "second"] {
            try folder.overwrite(text, at: "latest.jpg")
            #expect(try source.nextFrame().payload.get().bytes == Array(text.utf8))
        }
        #expect(try source.rest().isEmpty)
    }

    @Test(arguments: [true, false])
    func everyPictureUnderOneNameIsAFrameHoweverFastTheyCome(_ isRenamed: Bool) throws {
        var source = try watching()
        let texts = (1...60).map { "picture \($0)" }
        for text in texts {
            guard isRenamed else {
                try folder.overwrite(text, at: "latest.jpg")
                continue
            }
            try folder.write(text, to: ".tmp")
            try #require(rename("\(folder.path)/.tmp", "\(folder.path)/latest.jpg") == 0)
        }
        let frames = try (0..<60).map { _ in try source.nextFrame() }
        #expect(try source.rest().isEmpty)
        let seen = frames.compactMap { try? $0.payload.get().bytes }.map { String(decoding: $0, as: UTF8.self) }
        // None is seen twice, and the last one always is; each other one is seen or said to be missed.
        #expect(Set(seen).count == seen.count)
        #expect(seen.contains("picture 60"))
        for frame in frames {
            guard case .failure(let fault) = frame.payload else { continue }
            guard case .missed(let text) = fault else {
                Issue.record("\(fault)")
                continue
            }
            #expect(text.contains("latest.jpg") && text.contains("each part needs a name of its own"))
        }
        #expect(source.reading.overwritten == UInt64(60 - seen.count))
    }

    @Test func aPictureThatIsReplacedWhileItWaitsIsStillSeen() throws {
        for name in ["a.jpg", "b.jpg"] { try folder.write(name, to: name) }
        var source = source()
        #expect(try source.nextFrame().name == "a.jpg")
        // It waits when it has been taken.
        while source.backlog.count() == 0 { usleep(1000) }
        try folder.write("new", to: ".tmp")
        try #require(rename("\(folder.path)/.tmp", "\(folder.path)/b.jpg") == 0)
        let (old, new) = (try source.nextFrame(), try source.nextFrame())
        #expect(try old.payload.get().bytes == Array("b.jpg".utf8))
        #expect(try new.payload.get().bytes == Array("new".utf8))
        #expect(source.reading.overwritten == 0)
    }

    @Test func whatChangesNothingOfAPictureIsNoPart() throws {
        let backup = try TemporaryFolder()
        var source = try watching()
        try folder.write("x", to: "a.jpg")
        #expect(try source.nextFrame().name == "a.jpg")
        let path = "\(folder.path)/a.jpg"
        try #require(chmod(path, 0o644) == 0)
        try #require(link(path, "\(backup.path)/a.jpg") == 0)
        // Opened for writing and closed, with another time: `touch`.
        let descriptor = open(path, O_WRONLY)
        var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        try #require(futimens(descriptor, &times) == 0)
        close(descriptor)
        // Moved away and back.
        try #require(rename(path, "\(backup.path)/b.jpg") == 0 && rename("\(backup.path)/b.jpg", path) == 0)
        // And again, touched meanwhile.
        try #require(rename(path, "\(backup.path)/b.jpg") == 0)
        times = [timespec(tv_sec: 2, tv_nsec: 0), timespec(tv_sec: 2, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, "\(backup.path)/b.jpg", &times, 0) == 0)
        try #require(rename("\(backup.path)/b.jpg", path) == 0)
        let end = ContinuousClock.now + .milliseconds(1300)
        while .now < end { #expect(try source.rest().allSatisfy { (try? $0.payload.get()) == nil }) }
    }

    /// It may be looked for at any moment in between: while it is away it may be called missed, but it is no picture twice.
    @Test func whatIsMovedAwayAndBackIsNoPictureAgain() throws {
        let backup = try TemporaryFolder()
        var source = try watching()
        try folder.write("x", to: "a.jpg")
        #expect(try source.nextFrame().name == "a.jpg")
        let (here, away) = ("\(folder.path)/a.jpg", "\(backup.path)/a.jpg")
        for round in 0..<200 {
            for _ in 0..<2 {
                try #require(rename(here, away) == 0)
                usleep(UInt32(round))
                try #require(rename(away, here) == 0)
            }
            while case .frame(let frame) = try source.next(timeout: .zero) {
                #expect(throws: (any Error).self, "round \(round)") { try frame.payload.get() }
            }
        }
        #expect(try source.rest().allSatisfy { (try? $0.payload.get()) == nil })
    }

    @Test func aFileThatIsMadeEmptyFirstIsOnePart() throws {
        var source = try watching()
        try folder.overwrite("", at: "a.jpg")
        #expect(try source.rest().isEmpty)
        try folder.overwrite("x", at: "a.jpg")
        #expect(try source.nextFrame().payload.get().bytes == Array("x".utf8))
        #expect(try source.rest().isEmpty)
    }

    @Test func aNameThatIsNotUTF8IsAPart() throws {
        var source = try watching()
        let name = Array("\(folder.path)/Pr".utf8) + [0xFC] + Array("fteil.png".utf8) + [0]
        let descriptor = name.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { open($0, O_WRONLY | O_CREAT, 0o600) } ?? -1
        }
        try #require(write(descriptor, "x", 1) == 1)
        close(descriptor)
        let frame = try source.nextFrame()
        #expect(frame.name == "Pr\\xFCfteil.png")
        #expect(try frame.payload.get().bytes == Array("x".utf8))
    }

    @Test func foldersBelowAreWatchedWhereThatIsAskedFor() throws {
        try folder.write("x", to: "2026-11-27/a.png")
        var flat = source()
        #expect(try flat.rest().isEmpty)
        #expect(flat.reading.notRead == ["/": 1])
        var deep = source(isRecursive: true)
        #expect(try deep.nextFrame().name == "2026-11-27/a.png")
        try folder.write("y", to: "2026-11-28/line 1/b.png")
        #expect(try deep.nextFrame().name == "2026-11-28/line 1/b.png")
        try folder.write("z", to: "2026-11-28/c.png")
        #expect(try deep.nextFrame().name == "2026-11-28/c.png")
        // Judged files are no new ones.
        try folder.write("w", to: "done/OK/d.png")
        #expect(try deep.rest().isEmpty)
    }

    @Test func aPartThatHasItsVerdictIsNotTakenAgainAfterARestart() throws {
        for name in ["judged.jpg", "waiting.jpg"] { try folder.write(name, to: name) }
        var first = source()
        try first.nextFrame().file?.hasVerdict(.ok, sequence: 1, isStored: true)
        _ = try first.nextFrame()
        // Another time, another number, the same bytes: restored from a backup, or a share mounted anew.
        try folder.write("judged.jpg", to: ".tmp")
        var second = source()
        #expect(try second.nextFrame().name == "waiting.jpg")
        try #require(unlink("\(folder.path)/judged.jpg") == 0)
        try #require(rename("\(folder.path)/.tmp", "\(folder.path)/judged.jpg") == 0)
        var third = source()
        #expect(try third.nextFrame().name == "waiting.jpg")
        #expect(try third.rest().isEmpty)
    }

    @Test func aNetworkShareThatDropsForAMomentBringsNoOldParts() throws {
        try folder.write("x", to: "in/a.jpg")
        var source = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: index)
        #expect(try source.nextFrame().name == "a.jpg")
        try #require(rename("\(folder.path)/in", "\(folder.path)/share") == 0)
        // The empty place that it is mounted on.
        try #require(mkdir("\(folder.path)/in", 0o700) == 0)
        let end = ContinuousClock.now + .milliseconds(1500)
        // Only a lost folder is thrown, and that is what is looked at here.
        while .now < end { #expect((try? source.rest())?.isEmpty ?? true) }
        try #require(rmdir("\(folder.path)/in") == 0 && rename("\(folder.path)/share", "\(folder.path)/in") == 0)
        try folder.write("y", to: "in/b.jpg")
        // Its thread may have looked between the two, when there was no folder.
        let frame = try (try? source.nextFrame()) ?? source.nextFrame()
        #expect(frame.name == "b.jpg")
        #expect(try source.rest().isEmpty)
    }

    @Test func aShareThatIsNotMountedAnyMoreIsALostCameraAndNoEmptyFolder() throws {
        let isMounted = Monitor(false)
        try folder.write("", to: "in/.keep")
        var source = WatchSource(
            WatchSource.Place(
                path: "\(folder.path)/in", settling: .milliseconds(10), isRemote: { _ in isMounted.read(\.self) }),
            index: index)
        #expect(try source.rest().isEmpty)
        // Mounted after the start: a file there is complete when it rests, though its writer never closes it here.
        func exchange(_ away: String, _ here: String) throws {
            try #require(rename("\(folder.path)/in", "\(folder.path)/\(away)") == 0)
            try #require(rename("\(folder.path)/\(here)", "\(folder.path)/in") == 0)
        }
        try folder.write("x", to: "share/a.jpg")
        let descriptor = open("\(folder.path)/share/a.jpg", O_WRONLY)
        defer { close(descriptor) }
        isMounted.withLock { $0 = true }
        try exchange("place", "share")
        #expect(try source.nextFrame().name == "a.jpg")
        isMounted.withLock { $0 = false }
        try exchange("share", "place")
        #expect(throws: CaptureError.self) { while true { _ = try source.next(timeout: .milliseconds(20)) } }
        isMounted.withLock { $0 = true }
        try exchange("place", "share")
        try folder.write("y", to: "in/b.jpg")
        var frame: Frame?
        while frame == nil { frame = try? source.nextFrame() }
        #expect(frame?.name == "b.jpg")
    }

    @Test func aFolderThatVanishesIsALostCameraUntilItIsBack() throws {
        try folder.write("x", to: "in/a.jpg")
        var source = WatchSource(
            WatchSource.Place(path: "\(folder.path)/in", settling: .milliseconds(10)), index: index)
        #expect(try source.nextFrame().name == "a.jpg")
        try FileManager.default.removeItem(atPath: "\(folder.path)/in")
        #expect(throws: CaptureError.self) { while true { _ = try source.next(timeout: .milliseconds(20)) } }
        try folder.write("x", to: "in/b.jpg")
        // The folder may be looked at while it is not there yet.
        var frame: Frame?
        while frame == nil { frame = try? source.nextFrame() }
        #expect(frame?.name == "b.jpg")
    }
}

extension WatchSource {
    /// Until the folder was looked at once.
    fileprivate mutating func beginToWatch() throws {
        while try next(timeout: .seconds(10)).isFrame {}
    }
}

extension FrameEvent {
    fileprivate var isFrame: Bool { if case .frame = self { true } else { false } }
}
