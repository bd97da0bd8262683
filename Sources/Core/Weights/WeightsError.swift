/// Why weights could not be read, checked or written. Every case names the file.
package enum WeightsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file cannot be opened or read, or is not a regular file.
    case unreadable(file: String, reason: String)
    /// The file cannot be written.
    case unwritable(file: String, reason: String)
    /// The file ends inside `section`.
    case truncated(file: String, section: String, expectedBytes: Int, gotBytes: Int)
    /// `section` of the file is not what its format says.
    case malformed(file: String, section: String, expected: String, got: String)
    /// The file asks for something that reading weights never needs, such as running code.
    case refused(file: String, section: String, reason: String)
    /// A tensor's numbers are stored in a way that is not read.
    case unsupportedType(file: String, tensor: String, type: String)
    /// A tensor holds NaN or infinity.
    case notFinite(file: String, tensor: String, index: Int)
    /// The network says what no trained one says, such as the same of every picture.
    case dead(file: String, String)
    case missingTensor(file: String, tensor: String)
    case wrongShape(file: String, tensor: String, expected: [Int], got: [Int])
    /// A tensor is not as the model's configuration describes it; nil is a tensor that one of the two does not have.
    case unlikeConfiguration(file: String, tensor: String, configuration: String, expected: [Int]?, got: [Int]?)
    /// Something has to lie beside the file.
    case missingFile(file: String, expected: [String], reason: String)
    /// The file is not the one that its sidecar describes.
    case wrongDigest(file: String, expected: String, got: String)
    /// No known architecture has all its tensors in the file.
    case unknownArchitecture(file: String, known: [String])
    case unknownModel(name: String, directory: String, known: [String])
    /// A model's name would not be a plain file name.
    case badName(String)

    package var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "weights: \(file): cannot be read: \(reason)"
        case .unwritable(let file, let reason):
            "weights: \(file): cannot be written: \(reason)"
        case .truncated(let file, let section, let expected, let got):
            "weights: \(file): \(section): cut short: expected \(expected) bytes, got \(got)"
        case .malformed(let file, let section, let expected, let got):
            "weights: \(file): \(section): expected \(expected), got \(got)"
        case .refused(let file, let section, let reason):
            "weights: \(file): \(section): refused: \(reason)"
        case .unsupportedType(let file, let tensor, let type):
            "weights: \(file): \(tensor): expected 16, 32 or 64-bit floating point, got \(type)"
        case .notFinite(let file, let tensor, let index):
            "weights: \(file): \(tensor): expected finite numbers, got NaN or infinity at index \(index)"
        case .dead(let file, let what):
            "weights: \(file): the network says \(what): these weights are none that were trained"
        case .missingTensor(let file, let tensor):
            "weights: \(file): \(tensor): expected this tensor, got none of that name"
        case .wrongShape(let file, let tensor, let expected, let got):
            "weights: \(file): \(tensor): expected \(expected), got \(got)"
        case .unlikeConfiguration(let file, let tensor, let configuration, let expected, let got):
            "weights: \(file): \(tensor): expected \(expected.map { "\($0)" } ?? "no such tensor") as "
                + "\(configuration) describes, got \(got.map { "\($0)" } ?? "none"): are both of one model?"
        case .missingFile(let file, let expected, let reason):
            "weights: \(file): expected \(expected.joined(separator: " or ")) beside it, got none: \(reason)"
        case .wrongDigest(let file, let expected, let got):
            "weights: \(file): expected sha-256 \(expected), got \(got): fetch or import the model again"
        case .unknownArchitecture(let file, let known):
            "weights: \(file): expected the tensors of one of \(known.joined(separator: ", ")), got those of none"
        case .unknownModel(let name, let directory, let known):
            "weights: \(name): no such model in \(directory), which has "
                + (known.isEmpty
                    ? "none: check models_directory and `fsacctl model list`, add one with "
                        + "`fsacctl model import` (in the source tree, `make weights`)" : known.joined(separator: ", "))
        case .badName(let name):
            "weights: model name `\(name)`: expected letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
        }
    }
}
