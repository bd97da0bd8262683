internal import Foundation
import Platform

/// A data set in the layout of MVTec AD: `train/good`, `test/good`, `test/<defect>`, and optionally
/// `ground_truth/<defect>/<stem>_mask.png`.
package struct DataSet: Sendable, Equatable {
    package struct TestPicture: Sendable, Equatable {
        package let path: String
        /// The folder's name; nil is good.
        package let defect: String?
        /// The picture of its defective pixels, where the data set has one.
        package let maskPath: String?

        /// Folder and file name below `test`, which tell it from the others.
        package var file: String { path.split(separator: "/").suffix(2).joined(separator: "/") }

        package init(path: String, defect: String?, maskPath: String?) {
            self.path = path
            self.defect = defect
            self.maskPath = maskPath
        }
    }

    /// The folder's name.
    package let name: String
    /// Normal pictures in the order of their names, byte by byte.
    package let train: [String]
    /// Folder by folder, each in the order of names.
    package let test: [TestPicture]

    /// The same data set with other test pictures.
    func testing(_ test: [TestPicture]) -> DataSet { DataSet(name: name, train: train, test: test) }

    private init(name: String, train: [String], test: [TestPicture]) {
        self.name = name
        self.train = train
        self.test = test
    }

    /// Whether anything is known of single pixels.
    package var hasMasks: Bool { test.contains { $0.maskPath != nil } }

    /// The pictures that a seed picks as shots: `train[seed * shots ..< (seed + 1) * shots]`.
    ///
    /// - Throws: `tooFewShots` when there are not as many.
    package func shots(_ count: Int, seed: Int) throws(DataSetError) -> [String] {
        guard (seed + 1) * count <= train.count else {
            throw .tooFewShots(set: name, shots: count, seeds: seed + 1, found: train.count)
        }
        return Array(train[seed * count..<(seed + 1) * count])
    }

    /// The data set in a folder, or those in its subfolders, by name.
    ///
    /// - Throws: `notADataSet`, and what is wrong with a data set that was found.
    package static func readAll(in directory: String) throws(DataSetError) -> [DataSet] {
        if Folder(directory + "/train/good").exists { return [try DataSet(directory: directory)] }
        var sets: [DataSet] = []
        for name in try Folder(directory).names() where Folder("\(directory)/\(name)/train/good").exists {
            sets.append(try DataSet(directory: directory + "/" + name))
        }
        guard !sets.isEmpty else { throw .notADataSet(path: directory) }
        return sets
    }

    init(directory: String) throws(DataSetError) {
        name = URL(filePath: directory).standardizedFileURL.lastPathComponent
        train = try Folder(directory + "/train/good").pictures()
        var test: [TestPicture] = []
        let tests = Folder(directory + "/test")
        for kind in try tests.names() where Folder(tests.path + "/" + kind).exists {
            test += try Self.pictures(of: kind, in: tests, masks: Folder(directory + "/ground_truth/" + kind))
        }
        let good = test.count { $0.defect == nil }
        guard good > 0, good < test.count else {
            throw .onlyOneKind(set: name, good: good, defective: test.count - good)
        }
        self.test = test
    }

    private static func pictures(
        of kind: String, in tests: Folder, masks: Folder
    ) throws(DataSetError) -> [TestPicture] {
        let pictures = try Folder(tests.path + "/" + kind).pictures()
        guard kind != "good" else { return pictures.map { TestPicture(path: $0, defect: nil, maskPath: nil) } }
        let maskPaths = masks.exists ? try masks.names().filter(Folder.isPicture).map { masks.path + "/" + $0 } : []
        guard !maskPaths.isEmpty else { return pictures.map { TestPicture(path: $0, defect: kind, maskPath: nil) } }
        let maskByStem = Dictionary(maskPaths.map { (Folder.stem($0), $0) }) { first, _ in first }
        var result: [TestPicture] = []
        for picture in pictures {
            let stem = Folder.stem(picture) + "_mask"
            guard let mask = maskByStem[stem] else {
                throw .missingMask(picture: picture, expected: "\(masks.path)/\(stem).png")
            }
            result.append(TestPicture(path: picture, defect: kind, maskPath: mask))
        }
        return result
    }
}

/// A folder of a data set.
private struct Folder {
    let path: String

    init(_ path: String) { self.path = path }

    var exists: Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// What is in it, hidden files left out, in the order of the names' bytes (as Python's `sorted` has it).
    func names() throws(DataSetError) -> [String] {
        do throws(DiskError) {
            let names = try Disk().names(in: path).filter { !$0.hasPrefix(".") }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            throw .unreadableFolder(path: path, reason: ErrnoText.describe(error.errno))
        }
    }

    /// Paths of its pictures; files of other kinds (a licence, a list) are left out.
    func pictures() throws(DataSetError) -> [String] {
        let names = try names()
        if let unsupported = names.first(where: { ["gif", "jp2", "webp"].contains(Self.ending($0)) }) {
            throw .unsupportedPicture(path: path + "/" + unsupported)
        }
        let pictures = names.filter(Self.isPicture)
        guard !pictures.isEmpty else { throw .noPictures(path: path) }
        return pictures.map { path + "/" + $0 }
    }

    static func isPicture(_ name: String) -> Bool { ImageFormat.fileEndings.contains("." + ending(name)) }

    private static func ending(_ name: String) -> String { URL(filePath: name).pathExtension.lowercased() }

    static func stem(_ path: String) -> String { URL(filePath: path).deletingPathExtension().lastPathComponent }
}
