import Core
import Foundation
import Glibc
import Testing

@Suite final class ImageFileTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "fsac-imaging-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        // A folder left behind in the temporary directory harms nobody.
        try? FileManager.default.removeItem(at: folder)
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    @Test func aRegularFileIsReadWholeAndThroughALink() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Data(bytes).write(to: folder.appending(path: "file"))
        try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: path("file"))
        #expect(try ImageFile.read(path: path("file")) == bytes)
        #expect(try ImageFile.read(path: path("link")) == bytes)
    }

    @Test func anEmptyFileHasNoBytes() throws {
        try Data().write(to: folder.appending(path: "empty"))
        #expect(try ImageFile.read(path: path("empty")).isEmpty)
    }

    @Test func aMissingFileIsNamed() {
        let path = path("nothing")
        #expect(throws: ImageError.fileMissing(path: path)) { try ImageFile.read(path: path) }
        #expect(ImageError.fileMissing(path: "a.png").description == "image: a.png: no such file")
    }

    @Test func pipesDirectoriesAndDevicesAreRefusedWithoutWaiting() {
        let pipe = path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, kind) in [(pipe, "pipe"), (folder.path, "directory"), ("/dev/zero", "device")] {
            #expect(throws: ImageError.notARegularFile(path: path, kind: kind)) { try ImageFile.read(path: path) }
        }
    }

    @Test func aFileAboveTheLimitIsRefusedUnread() {
        let path = path("large")
        #expect(creat(path, 0o600) >= 0)
        #expect(truncate(path, 33 << 20) == 0)
        #expect(throws: ImageError.tooManyBytes(33 << 20, limit: 32 << 20)) { try ImageFile.read(path: path) }
    }

    @Test func aPathThroughAFileIsUnreadable() throws {
        try Data([1]).write(to: folder.appending(path: "file"))
        let path = path("file/inside")
        #expect(throws: ImageError.unreadable(path: path, reason: "Not a directory")) { try ImageFile.read(path: path) }
    }
}
