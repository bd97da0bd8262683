/// Why a request was refused; each value is written as is in `error.code`.
package enum ErrorCode: String, Codable, Sendable, CaseIterable {
    case invalidRequest = "invalid_request"
    case notFound = "not_found"
    case tooLarge = "too_large"
    case unsupportedType = "unsupported_type"
    case imageRefused = "image_refused"
    case conflict
    case unavailable
    case storageFailed = "storage_failed"
    case `internal`
}

/// The body of every reply whose status is not 2xx: `{"error":{"code":"...","message":"..."}}`.
package struct ErrorReply: Codable, Sendable, Equatable {
    package struct Body: Codable, Sendable, Equatable {
        package var code: ErrorCode
        package var message: String
    }
    package var error: Body

    package init(code: ErrorCode, message: String) {
        error = Body(code: code, message: message)
    }
}
