/// Why adapters could not be trained.
package enum AdaptationError: Error, Equatable, Sendable, CustomStringConvertible {
    case dataSet(DataSetError)
    /// A data set's name, which says what it shows, cannot be said of a part.
    case unreadableName(set: String, expected: String, got: String)
    /// Training needs to know the defective pixels of every defective picture.
    case noMask(picture: String)
    /// The mask of a defective picture is black all over.
    case emptyMask(path: String)
    case maskOfOtherSize(path: String, expected: PixelSize, got: PixelSize)
    case picture(path: String, ImageError)
    case weights(WeightsError)
    /// The training that was interrupted was another one.
    case otherTraining(path: String, what: String, expected: String, got: String)
    /// The loss is no number any more.
    case diverged(step: Int)

    package var description: String {
        switch self {
        case .dataSet(let error): "\(error)"
        case .unreadableName(let set, let expected, let got):
            "adapt: data set \"\(set)\": expected as its folder's name \(expected), got \(got)"
        case .noMask(let picture):
            "adapt: \(picture): expected its mask in ground_truth, got none: the defective pixels must be known"
        case .emptyMask(let path): "adapt: \(path): expected defective pixels, got a mask that is black all over"
        case .maskOfOtherSize(let path, let expected, let got):
            "adapt: \(path): expected \(expected.width) x \(expected.height) pixels as its picture has, got "
                + "\(got.width) x \(got.height)"
        case .picture(let path, let error): "adapt: \(path): \(error)"
        case .weights(let error): "\(error)"
        case .otherTraining(let path, let what, let expected, let got):
            "adapt: \(path): an interrupted training of another \(what): expected \(expected), got \(got): finish it as it was "
                + "begun, or delete the file"
        case .diverged(let step): "adapt: step \(step): the loss is no number any more: try another seed"
        }
    }
}
