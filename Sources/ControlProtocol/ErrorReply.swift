/// Why a request was refused; each value is written as is in `error.code`. Programs go by the code, people by the
/// message, whose words may change.
package enum ErrorCode: String, Codable, Sendable, CaseIterable {
    /// 400: it can never succeed as it is.
    case invalidRequest = "invalid_request"
    /// 404: no such path, shot, generation, recipe, camera or verdict.
    case notFound = "not_found"
    /// 404: of a verdict's picture that was not stored: it came faster than the disk took it, or there was no room.
    case pictureDropped = "picture_dropped"
    /// 503: of a verdict's picture that is on its way to the disk.
    case pictureWaiting = "picture_waiting"
    /// 405: the path is known, the method is not one of its own.
    case methodNotAllowed = "method_not_allowed"
    /// 403: where the page acts only with a PIN, and it is missing or another one.
    case pinWrong = "pin_wrong"
    /// 429: the PIN was wrong too often lately.
    case tooManyTries = "too_many_tries"
    /// 413, or 414 for the address; see ``ControlLimits``.
    case tooLarge = "too_large"
    /// 415: the content type is no picture's.
    case unsupportedType = "unsupported_type"
    /// 422: the bytes are no picture that can be learnt from.
    case imageRefused = "image_refused"
    /// 409: what there is now forbids it; the message says what to change. Also a shot that looks like a reject, until
    /// `force=true`.
    case conflict
    /// 503: the same request may succeed later.
    case unavailable
    /// 507: the disk is full or does not answer.
    case storageFailed = "storage_failed"
    /// 500: a fault of the daemon, which is in its log.
    case `internal`

    /// Whether what was asked for is not there.
    package var isAbsence: Bool { [.notFound, .pictureDropped, .pictureWaiting].contains(self) }
}

/// The body of every reply whose status is not 2xx: `{"error":{"code":"...","message":"..."}}`. Only `/healthz` answers
/// 503 with a ``HealthReply``: there it is an answer, no refusal.
package struct ErrorReply: Codable, Sendable, Equatable {
    package struct Body: Codable, Sendable, Equatable {
        package var code: ErrorCode
        /// For people: what was expected, what came and what to do, in one line.
        package var message: String

        package init(code: ErrorCode, message: String) {
            self.code = code
            self.message = message
        }
    }
    package var error: Body

    package init(code: ErrorCode, message: String) {
        error = Body(code: code, message: message)
    }
}
