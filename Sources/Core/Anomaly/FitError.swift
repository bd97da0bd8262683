/// Why a model could not be fitted, saved or loaded.
public enum FitError: Error, Equatable, Sendable, CustomStringConvertible {
    case noShots
    /// `isCancelled` said so.
    case cancelled
    case badSettings(String)
    /// A file of a saved model cannot be read.
    case unreadable(path: String, reason: String)
    /// A file of a saved model is not what was saved.
    case damaged(path: String, part: String, expected: String, got: String)
    /// The model was saved by another version of the program, in a form that this one does not know.
    case unsupportedVersion(path: String, found: Int, supported: Int)
    case unwritable(path: String, reason: String)

    public var description: String {
        switch self {
        case .noShots: "fit: expected at least one normal shot, got none: add one with `fsacctl add-normal`"
        case .cancelled: "fit: cancelled"
        case .badSettings(let problem): "fit: \(problem)"
        case .unreadable(let path, let reason): "model: \(path): cannot be read: \(reason)"
        case .damaged(let path, let part, let expected, let got):
            "model: \(path): \(part): expected \(expected), got \(got): fit the model again"
        case .unsupportedVersion(let path, let found, let supported):
            "model: \(path): expected format version \(supported), got \(found): fit the model again"
        case .unwritable(let path, let reason): "model: \(path): cannot be written: \(reason)"
        }
    }
}
