import Daemon
import Glibc
import Platform
import TestSupport
import Testing

@Suite struct PictureShelfTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func path(_ seq: UInt64) -> String { "images/2026/01/0\(1 + seq / 10)/\(seq).jpg" }

    @Test func theOldestGoFirstAndEmptyDaysWithThem() throws {
        var shelf = try PictureShelf(stateDirectory: folder.path)
        for seq: UInt64 in 1...25 { try shelf.store([UInt8](repeating: 0, count: 100), at: path(seq), seq: seq) }
        try shelf.prune(to: 1250)
        #expect(shelf.totalBytes == 1200)
        #expect(try folder.names(in: "images/2026/01") == ["02", "03"])
        #expect(try folder.names(in: "images/2026/01/02") == (14...19).map { "\($0).jpg" })
    }

    @Test func aStartKnowsWhatIsThereAndRemovesWhatWasCutOff() throws {
        for seq: UInt64 in [9, 10, 11] { try folder.write([UInt8](repeating: 0, count: 10), to: path(seq)) }
        try folder.write("half", to: "heatmaps/2026/01/02/11.png.tmp")
        try folder.write("not ours", to: "images/readme")
        var shelf = try PictureShelf(stateDirectory: folder.path)
        #expect(shelf.totalBytes == 30)
        #expect(try folder.names(in: "heatmaps/2026/01/02").isEmpty)
        try shelf.prune(to: 10)
        #expect(try folder.names(in: "images/2026/01/02") == ["11.jpg"])
        #expect(try folder.text(of: "images/readme") == "not ours")
    }

    /// Files with holes, where the file system allows them to be as long as that.
    @Test func picturesThatClaimMoreThanAnyDiskHasCanBeAddedUp() throws {
        for seq: UInt64 in [1, 2, 3, .max] { try folder.write([0], to: path(1).replacing("1.jpg", with: "\(seq).jpg")) }
        for seq in [1, 2, 3] { truncate("\(folder.path)/\(path(1).replacing("1.jpg", with: "\(seq).jpg"))", off_t.max) }
        var shelf = try PictureShelf(stateDirectory: folder.path)
        try shelf.prune(to: 1)
        #expect(try folder.names(in: "images/2026/01/01") == ["\(UInt64.max).jpg"])
        #expect(shelf.totalBytes == 1)
    }

    @Test func aFullDiskLeavesNoHalfPicture() throws {
        let failing = FailingDisk(.never)
        var shelf = try PictureShelf(stateDirectory: folder.path, disk: failing.disk)
        try shelf.store([1, 2, 3], at: path(1), seq: 1)
        for operation in [Disk.Operation.open, .write, .rename] {
            failing.follow(.all(of: [operation], errno: ENOSPC))
            #expect(throws: DiskError.self) { try shelf.store([1, 2, 3], at: path(2), seq: 2) }
            failing.follow(.never)
            #expect(try folder.names(in: "images/2026/01/01") == ["1.jpg"])
        }
    }

    @Test func picturesGiveWayToTheReserve() throws {
        var shelf = try PictureShelf(stateDirectory: folder.path)
        for seq: UInt64 in 1...3 { try shelf.store([1, 2, 3], at: path(seq), seq: seq) }
        #expect(try shelf.makeRoom(for: 3, leaving: 0))
        #expect(try shelf.makeRoom(for: 3, leaving: 1 << 60) == false)
        #expect(shelf.totalBytes == 0)
    }
}
