import Core
import Foundation
import Testing

@Suite struct DataSetTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func add(_ paths: String...) throws {
        for path in paths {
            let url = URL(filePath: folder.path + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: url)
        }
    }

    private func error(_ work: () throws -> Void) -> DataSetError? {
        do {
            try work()
            return nil
        } catch {
            return error as? DataSetError
        }
    }

    @Test func layoutOfMVTecIsRead() throws {
        try add(
            "train/good/b.PNG", "train/good/a.jpg", "train/good/B.png", "train/good/notes.txt",
            "train/good/.hidden.png",
            "test/good/0.png", "test/scratch/7.JPEG", "test/hole/1.png", "ground_truth/scratch/7_mask.PNG")
        let set = try #require(try DataSet.readAll(in: folder.path).first)
        #expect(set.train == ["B.png", "a.jpg", "b.PNG"].map { folder.path + "/train/good/" + $0 })
        #expect(
            set.test == [
                .init(path: folder.path + "/test/good/0.png", defect: nil, maskPath: nil),
                .init(path: folder.path + "/test/hole/1.png", defect: "hole", maskPath: nil),
                .init(
                    path: folder.path + "/test/scratch/7.JPEG", defect: "scratch",
                    maskPath: folder.path + "/ground_truth/scratch/7_mask.PNG"),
            ])
        #expect(set.hasMasks)
    }

    @Test func seedsTakeTurnsOverTheSortedPictures() throws {
        try add("test/good/0.png", "test/bad/0.png")
        for number in 0..<6 { try add("train/good/\(number).png") }
        let set = try #require(try DataSet.readAll(in: folder.path).first)
        #expect(try set.shots(2, seed: 1).map { $0.suffix(5) } == ["2.png", "3.png"])
        #expect(try set.shots(3, seed: 1).map { $0.suffix(5) } == ["3.png", "4.png", "5.png"])
        #expect(throws: DataSetError.tooFewShots(set: set.name, shots: 4, seeds: 2, found: 6)) {
            try set.shots(4, seed: 1)
        }
    }

    @Test func aFolderOfDataSetsIsReadByName() throws {
        for name in ["screw", "bottle"] {
            try add("\(name)/train/good/0.png", "\(name)/test/good/0.png", "\(name)/test/bad/0.png")
        }
        try add("other/readme.txt")
        #expect(try DataSet.readAll(in: folder.path).map(\.name) == ["bottle", "screw"])
    }

    @Test func whatIsMissingIsNamed() throws {
        #expect(error { _ = try DataSet.readAll(in: folder.path) } == .notADataSet(path: folder.path))
        try add("train/good/0.png", "test/good/0.png")
        #expect(
            error { _ = try DataSet.readAll(in: folder.path) }
                == .onlyOneKind(set: URL(filePath: folder.path).lastPathComponent, good: 1, defective: 0))
        try add("test/bad/0.webp")
        #expect(
            error { _ = try DataSet.readAll(in: folder.path) }
                == .unsupportedPicture(path: folder.path + "/test/bad/0.webp"))
    }

    @Test func aMaskThatIsMissingAmongOthersIsNamed() throws {
        try add(
            "train/good/0.png", "test/good/0.png", "test/bad/0.png", "test/bad/1.png", "ground_truth/bad/0_mask.png")
        let missing = try #require(error { _ = try DataSet.readAll(in: folder.path) })
        #expect("\(missing)".contains("ground_truth/bad/1_mask.png"))
    }

    @Test func aDrawTakesAsManyOfEachKindAndTheSameAgain() throws {
        for number in 0..<30 {
            try add("train/good/\(number).png", "test/good/\(number).png", "test/hole/\(number).png")
        }
        try add("test/scratch/0.png")
        let set = try #require(try DataSet.readAll(in: folder.path).first)
        let drawn = PictureDraw(count: 8, seed: 1).applied(to: set)
        #expect(drawn.test.count { $0.defect == nil } == 8 && drawn.test.count { $0.defect != nil } == 8)
        #expect(drawn.train == set.train)
        #expect(drawn.test == set.test.filter(drawn.test.contains))
        #expect(drawn == PictureDraw(count: 8, seed: 1).applied(to: set))
        #expect(drawn != PictureDraw(count: 8, seed: 2).applied(to: set))
        // The fewer are among the more.
        let fewer = PictureDraw(count: 3, seed: 1).applied(to: set)
        #expect(fewer.test.allSatisfy(drawn.test.contains))
        #expect(PictureDraw(count: 99, seed: 1).applied(to: set) == set)
    }
}
