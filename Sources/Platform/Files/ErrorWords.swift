import FoundationEssentials
import Glibc

/// What a person is told of an error. Our own errors have their words; those of the standard library and of Foundation are made
/// for whoever debugs a program, and no user is to read them.
package enum ErrorWords {
    package static func of(_ error: any Error) -> String {
        switch error {
        case let error as DecodingError: words(error)
        case EncodingError.invalidValue(let value, let context):
            "cannot be written as JSON: \(value)"
                + (context.codingPath.isEmpty ? "" : " at `\(path(context.codingPath))`")
        case let error as CocoaError: words(error)
        case let error as POSIXError: ErrnoText.describe(error.code.rawValue)
        default: "\(error)"
        }
    }

    /// Whether an error is none of ours, so that its own description is for nobody to read.
    package static func isOfTheLibrary(_ error: any Error) -> Bool {
        error is DecodingError || error is EncodingError || error is CocoaError || error is POSIXError
    }

    private static func words(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "no `\(path(context.codingPath + [key]))`"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "`\(path(context.codingPath))` of another type"
        case .dataCorrupted(let context) where context.codingPath.isEmpty: "text that is not JSON"
        case .dataCorrupted(let context): "`\(path(context.codingPath))`: \(context.debugDescription)"
        @unknown default: "text that cannot be read"
        }
    }

    /// The file and the system's word for what happened, as everywhere.
    private static func words(_ error: CocoaError) -> String {
        let file = (error.userInfo["NSFilePath"] as? String) ?? error.url?.path
        let reason = (error.underlying as? POSIXError).map { ErrnoText.describe($0.code.rawValue) }
        let words = reason ?? "the system refused it (error \(error.code.rawValue))"
        return file.map { "\($0): \(words)" } ?? words
    }

    private static func path(_ keys: [any CodingKey]) -> String { keys.map(\.stringValue).joined(separator: ".") }
}
