import Foundation
import Glibc
import Platform
import TestSupport
import Testing

@Suite struct FileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func whatIsNoRegularFileIsRefusedWithoutWaitingForIt() throws {
        #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        for (path, kind) in [("\(folder.path)/pipe", "pipe"), (folder.path, "directory"), ("/dev/null", "device")] {
            #expect(throws: RegularFile.Refusal.notRegular(kind: kind)) { try RegularFile(path) }
        }
        #expect(throws: RegularFile.Refusal.system(errno: ENOENT)) { try RegularFile("\(folder.path)/none") }
    }

    @Test func aFileIsReadAtPlacesAndNotBeyondItsEnd() throws {
        try folder.write("0123456789", to: "digits")
        symlink("\(folder.path)/digits", "\(folder.path)/link")
        let file = try RegularFile("\(folder.path)/link")
        #expect(file.byteCount == 10)
        #expect(try file.read(at: 3, count: 4) == Array("3456".utf8))
        #expect(try file.read(at: 8, count: 4) == Array("89".utf8))
        #expect(try file.read(at: 11, count: 4).isEmpty)
    }

    @Test func aFileWithHolesThatClaimsMoreThanThereIsMemoryIsRefused() throws {
        try folder.write("x", to: "document")
        #expect(truncate("\(folder.path)/document", off_t(Disk.mostReadBytes) + 1) == 0)
        let refusal = DiskError(operation: .read, path: "\(folder.path)/document", errno: EFBIG)
        #expect(throws: refusal) { try Disk().read("\(folder.path)/document") }
        // On a file system of the kernel's memory, in which the tests run, and on XFS.
        guard truncate("\(folder.path)/document", off_t.max) == 0 else { return }
        #expect(throws: refusal) { try Disk().read("\(folder.path)/document") }
    }

    /// Retention adds them up: one that counted what it claims would have everything else removed.
    @Test func aFileWithHolesCountsAsWhatItTakes() throws {
        try folder.write("x", to: "document")
        #expect(try Disk().byteCount(of: "\(folder.path)/document") == 1)
        #expect(truncate("\(folder.path)/document", 1 << 40) == 0)
        #expect(try Disk().byteCount(of: "\(folder.path)/document") < 1 << 20)
    }

    @Test func aReplacementShowsOnlyWhenItIsFinished() throws {
        try folder.write("old", to: "value")
        var file = try ReplacementFile("\(folder.path)/value")
        try file.append(Array("ne".utf8))
        try file.append(Array("w".utf8))
        #expect(try folder.text(of: "value") == "old")
        try file.finish()
        #expect(try folder.text(of: "value") == "new")
        #expect(try folder.names(in: "") == ["value"])
    }

    @Test func aReplacementThatIsGivenUpLeavesNothing() throws {
        try folder.write("old", to: "value")
        func giveUp() throws {
            let file = try ReplacementFile("\(folder.path)/value")
            try file.append(Array("half".utf8))
        }
        try giveUp()
        #expect(try folder.text(of: "value") == "old")
        #expect(try folder.names(in: "") == ["value"])
    }

    @Test func aFullDiskLeavesTheOldFileAndNoOther() throws {
        try folder.write("old", to: "value")
        for operation in [Disk.Operation.write, .sync, .rename] {
            let disk = Disk { asked, _ in asked == operation ? ENOSPC : nil }
            #expect(throws: DiskError.self) { try disk.replace("\(folder.path)/value", with: Array("new".utf8)) }
            #expect(try folder.text(of: "value") == "old")
            #expect(try folder.names(in: "") == ["value"])
        }
    }

    @Test func modeIsWhatIsAskedForWhateverTheUmask() throws {
        try Disk().replace("\(folder.path)/value", with: [1], mode: 0o644)
        var status = stat()
        #expect(stat("\(folder.path)/value", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o644)
    }

    @Test(arguments: [("/a/b", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("a/b/", "a/b", "")])
    func aPathHasAFolderAndAName(_ path: String, _ folder: String, _ name: String) {
        let split = FilePath.split(path)
        #expect(split.folder == folder)
        #expect(split.name == name)
    }
}
