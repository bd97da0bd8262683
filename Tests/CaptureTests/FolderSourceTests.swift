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

struct NoFrame: Error {}

extension FrameSource {
    /// The next frame, within 10 seconds.
    mutating func nextFrame() throws -> Frame { try frame(within: .seconds(10)) }

    mutating func frame(within patience: Duration) throws -> Frame {
        let deadline = ContinuousClock.now + patience
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
