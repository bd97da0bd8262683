/// Why there is no data set in a folder, or not enough of one.
package enum DataSetError: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadableFolder(path: String, reason: String)
    case notADataSet(path: String)
    case noPictures(path: String)
    case unsupportedPicture(path: String)
    /// Other pictures of the same defect have a mask.
    case missingMask(picture: String, expected: String)
    case onlyOneKind(set: String, good: Int, defective: Int)
    case tooFewShots(set: String, shots: Int, seeds: Int, found: Int)
    case tooFewStreamPictures(set: String, good: Int, found: Int, defective: Int, foundDefective: Int)

    package var description: String {
        switch self {
        case .unreadableFolder(let path, let reason): "data set: \(path): cannot be listed: \(reason)"
        case .notADataSet(let path):
            "data set: \(path): expected train/good and test/<kind>, or folders that hold them, got neither"
        case .noPictures(let path): "data set: \(path): expected .png, .jpg or .jpeg files, got none"
        case .unsupportedPicture(let path):
            "data set: \(path): expected \(ImageFormat.endingsInWords): convert it, or the figures would leave it out"
        case .missingMask(let picture, let expected):
            "data set: \(picture): expected its mask \(expected), as other pictures of this defect have one"
        case .onlyOneKind(let set, let good, let defective):
            "data set: \(set): expected good and defective test pictures, got \(good) good and \(defective) defective"
        case .tooFewShots(let set, let shots, let seeds, let found):
            "data set: \(set): \(seeds) seed\(seeds == 1 ? "" : "s") of \(shots) shot\(shots == 1 ? "" : "s"): expected "
                + "\(shots * seeds) pictures in train/good, got \(found)"
        case .tooFewStreamPictures(let set, let good, let found, let defective, let foundDefective):
            "data set: \(set): a stream of \(good) good parts and \(defective) defective ones: expected as many pictures in "
                + "train/good besides the shots, got \(found), and more defective test pictures, got \(foundDefective)"
        }
    }
}
