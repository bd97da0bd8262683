/// Why a model could not be fitted, saved or loaded.
package enum FitError: Error, Equatable, Sendable, CustomStringConvertible {
    case noShots
    /// `isCancelled` said so.
    case cancelled
    /// They would take more memory than a fit may.
    case tooManyShots(Int, needed: Int, fitting: Int, budget: Int)
    case badSettings(String)
    /// The texts could not be embedded.
    case text(WeightsError)
    /// A shot's bytes do not make a picture.
    case shotUnreadable(sha256: String, ImageError)
    /// What cannot be a model, because some of its numbers are none.
    case notFinite(String)
    /// The backbone says what no trained network says, such as the same of every picture.
    case deadFeatures(String)
    /// The region of interest does not lie in the shots.
    case regionOutside(PixelRectangle, frame: PixelSize)
    /// An area in pixels needs shots of one size.
    case shotSizes(PixelSize, PixelSize)
    /// The centres of all patches lie in ignored polygons.
    case nothingInspected(patches: Int)
    /// A file of a saved model cannot be read.
    case unreadable(path: String, reason: String)
    /// A file of a saved model is not what was saved.
    case damaged(path: String, section: String, expected: String, got: String)
    /// The model was saved by another version of the program, in a form that this one does not know.
    case unsupportedVersion(path: String, found: Int, supported: Int)
    case unwritable(path: String, reason: String)

    package var description: String {
        switch self {
        case .noShots: "fit: expected at least one normal shot, got none: add one with `fsacctl add-normal`"
        case .cancelled: "fit: cancelled"
        case .tooManyShots(let count, let needed, let fitting, let budget):
            "fit: \(count) shots need \(needed >> 20) MiB, got \(budget >> 20) MiB: \(fitting) shots fit: remove some with "
                + "`fsacctl normals remove`, set coreset_budget, or raise fit_memory_bytes"
        case .badSettings(let problem): "fit: \(problem)"
        case .text(let error): "fit: \(error)"
        case .shotUnreadable(let sha256, let error):
            "fit: shot \(sha256.prefix(12)): \(error): remove it with `fsacctl normals remove`"
        case .notFinite(let what):
            "fit: expected finite numbers, got others among the \(what): check the weights with `fsacctl model verify`; if "
                + "they are sound, choose another method or backbone"
        case .deadFeatures(let what):
            "fit: the backbone says \(what): its weights are none that were trained: check them with `fsacctl model verify`, "
                + "and fetch or import the model again"
        case .regionOutside(let roi, let frame):
            "fit: expected a region of interest inside of the shots' \(frame.width) x \(frame.height) pixels, got "
                + "\(roi.text): change roi of the recipe, or take the shots again"
        case .shotSizes(let first, let other):
            "fit: expected shots of one size because roi or ignore is set, got \(first.width) x \(first.height) and "
                + "\(other.width) x \(other.height) pixels: remove the shots of the other camera format"
        case .nothingInspected(let patches):
            "fit: expected at least one patch that is not ignored, got none of \(patches): make the polygons of ignore "
                + "smaller"
        case .unreadable(let path, let reason): "model: \(path): cannot be read: \(reason)"
        case .damaged(let path, let section, let expected, let got):
            "model: \(path): \(section): expected \(expected), got \(got): fit the model again"
        case .unsupportedVersion(let path, let found, let supported):
            "model: \(path): expected format version \(supported), got \(found): fit the model again"
        case .unwritable(let path, let reason): "model: \(path): cannot be written: \(reason)"
        }
    }
}
