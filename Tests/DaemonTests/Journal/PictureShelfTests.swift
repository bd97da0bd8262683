import ControlProtocol
import Daemon
import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

@Suite struct PictureShelfTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func path(_ seq: UInt64, _ pictureClass: PictureClass? = nil) -> String {
        "images/2026/01/0\(1 + seq / 10)/\(seq)\(pictureClass.map { "-\($0.rawValue)" } ?? "").jpg"
    }

    @Test func theOldestGoFirstAndEmptyDaysWithThem() throws {
        var shelf = try PictureShelf(stateDirectory: folder.path)
        for seq: UInt64 in 1...25 {
            try shelf.store([UInt8](repeating: 0, count: 100), at: path(seq), seq: seq, as: .ok)
        }
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

    @Test func picturesOfJudgedPartsGoLast() throws {
        var shelf = try PictureShelf(stateDirectory: folder.path)
        for seq: UInt64 in 1...6 {
            try shelf.store([UInt8](repeating: 0, count: 100), at: path(seq), seq: seq, as: seq == 2 ? .ng : .ok)
        }
        shelf.pin([1, 2, 3])
        try shelf.prune(.ok, to: 0, before: "2027/01/01")
        #expect(try folder.names(in: "images/2026/01/01") == ["1.jpg", "2.jpg", "3.jpg"])
        #expect(shelf.totalBytes == 300 && shelf.bytes(of: .ok) == 200)
        // Of a part that is not judged any more it goes with its class.
        shelf.pin([2, 3])
        try shelf.prune(.ok, to: 100, before: nil)
        #expect(try folder.names(in: "images/2026/01/01") == ["2.jpg", "3.jpg"])
        // Where nothing else is left the verdicts need the room.
        try shelf.prune(to: 100)
        #expect(try folder.names(in: "images/2026/01/01") == ["2.jpg"])
        #expect(shelf.totalBytes == 100)
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

    @Test func aPictureWithHolesCostsNoOtherItsPlace() throws {
        for seq: UInt64 in [1, 2] { try folder.write([UInt8](repeating: 0, count: 100), to: path(seq, .ok)) }
        truncate("\(folder.path)/\(path(2, .ok))", 1 << 40)
        var shelf = try PictureShelf(stateDirectory: folder.path)
        try shelf.prune(to: 1 << 20)
        #expect(try folder.names(in: "images/2026/01/01") == ["1-ok.jpg", "2-ok.jpg"])
    }

    /// Three rejects, the oldest of all, among pictures of other parts.
    @Test func rejectsAreThereWhenEverythingElseHadToGo() throws {
        var shelf = try PictureShelf(stateDirectory: folder.path)
        let classes: [PictureClass] = [.ng, .ng, .ng, .uncertain, .invalid, .ok, .ok]
        for (index, pictureClass) in classes.enumerated() {
            let seq = UInt64(index + 1)
            try shelf.store([UInt8](repeating: 0, count: 100), at: path(seq, pictureClass), seq: seq, as: pictureClass)
        }
        var left: [[String]] = []
        for count in (3...6).reversed() {
            try shelf.prune(to: count * 100)
            left.append(try folder.names(in: "images/2026/01/01"))
        }
        let stays = ["1-ng.jpg", "2-ng.jpg", "3-ng.jpg"]
        #expect(
            left == [
                stays + ["4-uncertain.jpg", "5-invalid.jpg", "7-ok.jpg"], stays + ["4-uncertain.jpg", "5-invalid.jpg"],
                stays + ["4-uncertain.jpg"], stays,
            ])
        try shelf.prune(to: 200)
        #expect(try folder.names(in: "images/2026/01/01") == ["2-ng.jpg", "3-ng.jpg"])
    }

    @Test func aStartKnowsWhichAreRejects() throws {
        for (seq, pictureClass) in [(1, PictureClass.ng), (2, .ok), (3, .uncertain)] {
            try folder.write([UInt8](repeating: 0, count: 10), to: path(UInt64(seq), pictureClass))
        }
        // As older versions named them: 4 was NG, of 5 nothing is known.
        for seq: UInt64 in [4, 5] { try folder.write([UInt8](repeating: 0, count: 10), to: path(seq)) }
        var shelf = try PictureShelf(stateDirectory: folder.path) { numbers in
            #expect(numbers == [4, 5])
            return [4: .ng]
        }
        #expect(PictureClass.allCases.map { shelf.bytes(of: $0) } == [10, 10, 10, 20])
        try shelf.prune(to: 20)
        #expect(try folder.names(in: "images/2026/01/01") == ["1-ng.jpg", "4.jpg"])
    }

    @Test func aClassKeepsItsDaysAndItsBytes() throws {
        var shelf = try PictureShelf(stateDirectory: folder.path)
        for seq: UInt64 in 1...25 {
            let pictureClass: PictureClass = seq % 2 == 0 ? .ok : .ng
            try shelf.store([UInt8](repeating: 0, count: 100), at: path(seq, pictureClass), seq: seq, as: pictureClass)
        }
        try shelf.prune(.ok, to: .max, before: "2026/01/02")
        #expect(try folder.names(in: "images/2026/01/01") == [1, 3, 5, 7, 9].map { "\($0)-ng.jpg" })
        try shelf.prune(.ng, to: 300, before: nil)
        #expect(shelf.bytes(of: .ng) == 300 && shelf.bytes(of: .ok) == 800)
        #expect(try folder.names(in: "images/2026/01") == ["02", "03"])
    }

    /// After a power cut an unsynced file may have its name and no bytes.
    @Test func aRejectIsOnTheDiskBeforeItHasItsName() throws {
        let operations = Mutex<[Disk.Operation]>([])
        let disk = Disk { operation, _ in
            operations.withLock { $0.append(operation) }
            return nil
        }
        var shelf = try PictureShelf(stateDirectory: folder.path, disk: disk)
        for pictureClass in [PictureClass.ng, .ok] {
            operations.withLock { $0 = [] }
            try shelf.store([1], at: path(1, pictureClass), seq: 1, as: pictureClass)
            let order = operations.withLock { $0 }.filter { [.sync, .rename].contains($0) }
            #expect(order == (pictureClass == .ng ? [.sync, .rename] : [.rename]))
        }
    }

    @Test func aFullDiskLeavesNoHalfPicture() throws {
        let failing = FailingDisk(.never)
        var shelf = try PictureShelf(stateDirectory: folder.path, disk: failing.disk)
        try shelf.store([1, 2, 3], at: path(1), seq: 1, as: .ok)
        for operation in [Disk.Operation.open, .write, .rename] {
            failing.follow(.all(of: [operation], errno: ENOSPC))
            #expect(throws: DiskError.self) { try shelf.store([1, 2, 3], at: path(2), seq: 2, as: .ok) }
            failing.follow(.never)
            #expect(try folder.names(in: "images/2026/01/01") == ["1.jpg"])
        }
    }

    @Test func picturesGiveWayToTheReserve() throws {
        var shelf = try PictureShelf(stateDirectory: folder.path)
        for seq: UInt64 in 1...3 { try shelf.store([1, 2, 3], at: path(seq), seq: seq, as: .ok) }
        #expect(try shelf.makeRoom(for: 3, leaving: 0))
        #expect(try shelf.makeRoom(for: 3, leaving: 1 << 60) == false)
        #expect(shelf.totalBytes == 0)
    }
}
