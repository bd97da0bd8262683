/// Why a data set could not be evaluated.
package enum EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    case picture(path: String, ImageError)
    case fit(set: String, FitError)

    package var description: String {
        switch self {
        case .picture(let path, let error): "data set: \(path): \(error)"
        case .fit(let set, let error): "data set: \(set): \(error)"
        }
    }
}
