import Capture
import Core
import FoundationEssentials
import Glibc
import Platform
import TestSupport
import Testing

@Suite struct ReplaySourceTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func picturesComeInTheOrderOfTheirNamesAgainAndAgain() throws {
        for name in ["b.PNG", "a.jpg", "c.jpeg", "notes.txt", ".d.jpg"] { try folder.write(name, to: name) }
        var source = ReplaySource(path: folder.path, rateHertz: 1000, repeats: true)
        let frames = try (0..<7).map { _ in try source.nextFrame() }
        #expect(frames.map(\.name) == ["a.jpg", "b.PNG", "c.jpeg", "a.jpg", "b.PNG", "c.jpeg", "a.jpg"])
        #expect(frames.map(\.number) == Array(1...7))
        #expect(try frames[1].payload.get().bytes == Array("b.PNG".utf8))
    }

    @Test func aReplayWithoutRepeatEnds() throws {
        for name in ["b.jpg", "a.jpg"] { try folder.write(name, to: name) }
        var source = ReplaySource(path: folder.path, rateHertz: 1000, repeats: false)
        #expect(try [source.nextFrame().name, source.nextFrame().name] == ["a.jpg", "b.jpg"])
        guard case .finished = try source.next(timeout: .zero) else {
            Issue.record("more frames than files")
            return
        }
    }

    @Test func framesKeepTheRate() throws {
        try folder.write("x", to: "a.jpg")
        var source = ReplaySource(path: folder.path, rateHertz: 50, repeats: true)
        let frames = try (0..<6).map { _ in try source.nextFrame() }
        // Five periods of 20 ms; a busy computer may take longer.
        #expect(frames[5].capturedAt - frames[0].capturedAt >= .milliseconds(99))
    }

    @Test func aFileThatCannotBeReadIsAFrameWithAReason() throws {
        try folder.write("x", to: "folder.jpg/file")
        try #require(symlink("/nowhere/a.jpg", "\(folder.path)/gone.jpg") == 0)
        try #require(mkfifo("\(folder.path)/pipe.png", 0o600) == 0)
        var source = ReplaySource(path: folder.path, rateHertz: 1000, repeats: true)
        for name in ["folder.jpg", "gone.jpg", "pipe.png"] {
            let frame = try source.nextFrame()
            #expect(frame.name == name)
            guard case .failure(let reason) = frame.payload else {
                Issue.record("\(name) was read")
                continue
            }
            #expect(reason.description.contains(name))
        }
    }

    @Test func aMissingOrEmptyFolderIsALostCamera() throws {
        for path in ["/home/line/frames", "/tmp/frames", "/root"] {
            let error = CaptureError.folderUnreadable(path: path, reason: "No such file or directory")
            #expect("\(error)".contains("the service does not see /home and /root and has a /tmp of its own"))
        }
        #expect(!"\(CaptureError.folderUnreadable(path: "/homework", reason: ""))".contains("a /tmp of its own"))
        var missing = ReplaySource(path: "/nowhere", rateHertz: 10, repeats: true)
        #expect(throws: CaptureError.folderUnreadable(path: "/nowhere", reason: "No such file or directory")) {
            try missing.next(timeout: .zero)
        }
        try folder.write("x", to: "notes.txt")
        var empty = ReplaySource(path: folder.path, rateHertz: 10, repeats: true)
        #expect(throws: CaptureError.noPictures(path: folder.path)) { try empty.next(timeout: .zero) }
        // It comes back by itself.
        try folder.write("x", to: "a.jpg")
        #expect(try empty.nextFrame().name == "a.jpg")
    }
}

@Suite struct WatchSourceTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func source(settling: Duration = .milliseconds(30)) -> WatchSource {
        WatchSource(path: folder.path, settling: settling)
    }

    @Test func whatIsThereAtTheStartIsTakenOnceInOrder() throws {
        for name in ["b.jpg", "a.jpg", "c.txt"] { try folder.write(name, to: name) }
        var source = source()
        #expect(try [source.nextFrame().name, source.nextFrame().name] == ["a.jpg", "b.jpg"])
        #expect(try source.rest().isEmpty)
        // It was there before: nobody waits for its verdict.
        #expect(source.reading.skipped.count == 0)
    }

    @Test func aFileIsTakenWhenItIsClosedAndNotBefore() throws {
        var source = source(settling: .seconds(60))
        #expect(try source.rest().isEmpty)
        let path = "\(folder.path)/part1.jpg"
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(write(descriptor, "half", 4) == 4)
        #expect(try source.rest().isEmpty)
        #expect(write(descriptor, "whole", 5) == 5)
        close(descriptor)
        #expect(try source.nextFrame().payload.get().bytes == Array("halfwhole".utf8))
        #expect(try source.rest().isEmpty)
    }

    @Test func aFileThatIsMovedInIsTaken() throws {
        let outside = try TemporaryFolder()
        try outside.write("x", to: "part.png")
        var source = source(settling: .seconds(60))
        #expect(try source.rest().isEmpty)
        try #require(rename("\(outside.path)/part.png", "\(folder.path)/part.png") == 0)
        #expect(try source.nextFrame().name == "part.png")
    }

    @Test func aTemporaryNameIsNoPart() throws {
        var source = source(settling: .seconds(60))
        #expect(try source.rest().isEmpty)
        try folder.write("x", to: "part.jpg.part")
        #expect(try source.rest().isEmpty)
        try #require(rename("\(folder.path)/part.jpg.part", "\(folder.path)/part.jpg") == 0)
        #expect(try source.nextFrame().name == "part.jpg")
        #expect(try source.rest().isEmpty)
    }

    @Test func theSameNameAgainIsANewPart() throws {
        var source = source(settling: .seconds(60))
        #expect(try source.rest().isEmpty)
        for text in ["first", "second"] {
            try folder.overwrite(text, at: "latest.jpg")
            #expect(try source.nextFrame().payload.get().bytes == Array(text.utf8))
        }
        #expect(try source.rest().isEmpty)
    }

    @Test func aPictureThatLosesItsNameBeforeItIsReadIsAPartWithoutAPicture() throws {
        var source = source(settling: .seconds(60))
        #expect(try source.rest().isEmpty)
        for text in ["first", "second", "third"] {
            try folder.write(text, to: ".tmp")
            try #require(rename("\(folder.path)/.tmp", "\(folder.path)/latest.jpg") == 0)
        }
        let frames = try (0..<3).map { _ in try source.nextFrame() }
        // Each of the three is told of; only one can be seen.
        #expect(frames.compactMap { try? $0.payload.get().bytes } == [Array("third".utf8)])
        guard case .failure(let fault) = frames[0].payload else {
            Issue.record("the first one was read")
            return
        }
        #expect(fault.description.contains("overwritten"))
        #expect(source.reading.overwritten == 2)
        #expect(try source.rest().isEmpty)
    }

    @Test func aPictureThatIsReplacedWhileItWaitsIsAPartWithoutAPicture() throws {
        for name in ["a.jpg", "b.jpg"] { try folder.write(name, to: name) }
        var source = source()
        #expect(try source.nextFrame().name == "a.jpg")
        try folder.write("new", to: ".tmp")
        try #require(rename("\(folder.path)/.tmp", "\(folder.path)/b.jpg") == 0)
        let (lost, new) = (try source.nextFrame(), try source.nextFrame())
        #expect(throws: FrameFault.self) { try lost.payload.get() }
        #expect(try new.payload.get().bytes == Array("new".utf8))
        // An earlier run's verdict on the lost one must not pass for one on its successor.
        #expect(lost.capturedTime.microsecondsSince1970 < new.capturedTime.microsecondsSince1970)
        #expect(source.reading.overwritten == 1)
    }

    @Test func aPartThatHasItsVerdictIsNotTakenAgainAfterARestart() throws {
        try folder.write("old", to: "old.jpg")
        try folder.write("new", to: "new.jpg")
        var source = WatchSource(path: folder.path, settling: .milliseconds(30)) { name, _ in name == "old.jpg" }
        #expect(try source.nextFrame().name == "new.jpg")
        #expect(try source.rest().isEmpty)
    }

    @Test func aNetworkShareThatDropsForAMomentBringsNoOldParts() throws {
        try folder.write("x", to: "in/a.jpg")
        var source = WatchSource(path: "\(folder.path)/in", settling: .milliseconds(10))
        #expect(try source.nextFrame().name == "a.jpg")
        try #require(rename("\(folder.path)/in", "\(folder.path)/share") == 0)
        // The empty place that it is mounted on.
        try #require(mkdir("\(folder.path)/in", 0o700) == 0)
        let end = ContinuousClock.now + .milliseconds(1500)
        // Only a lost folder is thrown, and that is what is looked at here.
        while .now < end { #expect((try? source.rest())?.isEmpty ?? true) }
        try #require(rmdir("\(folder.path)/in") == 0 && rename("\(folder.path)/share", "\(folder.path)/in") == 0)
        try folder.write("y", to: "in/b.jpg")
        #expect(try source.nextFrame().name == "b.jpg")
        #expect(try source.rest().isEmpty)
    }

    @Test func aFolderThatVanishesIsALostCameraUntilItIsBack() throws {
        try folder.write("x", to: "in/a.jpg")
        var source = WatchSource(path: "\(folder.path)/in", settling: .milliseconds(10))
        #expect(try source.nextFrame().name == "a.jpg")
        try FileManager.default.removeItem(atPath: "\(folder.path)/in")
        #expect(throws: CaptureError.self) { while true { _ = try source.next(timeout: .milliseconds(20)) } }
        try folder.write("x", to: "in/b.jpg")
        #expect(try source.nextFrame().name == "b.jpg")
    }
}

private struct NoFrame: Error {}

extension FrameSource {
    /// The next frame, within 10 seconds.
    mutating func nextFrame() throws -> Frame {
        let deadline = ContinuousClock.now + .seconds(10)
        while .now < deadline {
            if case .frame(let frame) = try next(timeout: .milliseconds(20)) { return frame }
        }
        throw NoFrame()
    }

    /// What comes within some 100 ms.
    mutating func rest() throws -> [Frame] {
        try (0..<5).compactMap { _ in
            if case .frame(let frame) = try next(timeout: .milliseconds(20)) { frame } else { nil }
        }
    }
}

extension TemporaryFolder {
    /// Writes into the file that is there.
    func overwrite(_ text: String, at name: String) throws {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        try #require(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
    }
}
