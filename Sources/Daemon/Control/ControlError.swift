import ControlProtocol
import Core
import FoundationEssentials
import HTTPTypes
import Hummingbird
import JournalIndex
import Logging
import NIOCore
import Platform
import RecipeFile

/// A refused request: what the client did, or what the daemon cannot do now.
struct ControlError: Error, CustomStringConvertible {
    var code: ErrorCode
    var message: String
    var status: HTTPResponse.Status
    /// Of the reply.
    var headers: HTTPFields = [:]

    /// - Parameter status: nil = the one that goes with the code.
    init(code: ErrorCode, message: String, status: HTTPResponse.Status? = nil, headers: HTTPFields = [:]) {
        self.code = code
        self.message = message
        self.status = status ?? code.status
        self.headers = headers
        if code.status == .serviceUnavailable { self.headers[.retryAfter] = "1" }
    }

    var description: String { message }

    var body: ErrorReply.Body { ErrorReply.Body(code: code, message: message) }

    /// The message stands for itself: what, where, expected, got.
    static func invalidRequest(_ message: String) -> Self { Self(code: .invalidRequest, message: message) }
    static func notFound(_ message: String) -> Self { Self(code: .notFound, message: message) }

    static func noSuchPath(known: [String]) -> Self {
        .notFound("request: no such path: expected one of \(Self.list(known))")
    }

    static func methodNotAllowed(_ method: HTTPRequest.Method, allowed: [HTTPRequest.Method]) -> Self {
        let list = list(allowed.map(\.rawValue))
        return Self(
            code: .methodNotAllowed, message: "request: no \(method.rawValue) for this path: expected \(list)",
            headers: [.allow: list])
    }

    /// - Parameter bytes: nil = unknown, for it is cut off where the limit is.
    static func tooLarge(bytes: Int?, limit: Int) -> Self {
        Self(
            code: .tooLarge,
            message: "request: a body of \(bytes.map(String.init) ?? "more") bytes: expected at most \(limit)")
    }

    private static func list(_ words: [String]) -> String { Set(words).sorted().joined(separator: ", ") }
}

extension ErrorCode {
    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .invalidRequest: .badRequest
        case .notFound, .pictureDropped: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .pinWrong: .forbidden
        case .tooManyTries: .tooManyRequests
        case .tooLarge: .contentTooLarge
        case .unsupportedType: .unsupportedMediaType
        case .imageRefused: .unprocessableContent
        case .conflict: .conflict
        case .unavailable, .pictureWaiting: .serviceUnavailable
        case .storageFailed: .init(code: 507, reasonPhrase: "Insufficient Storage")
        case .internal: .internalServerError
        }
    }
}

extension ControlError {
    /// What a client is told about any error a route may end with.
    init(_ error: any Error) {
        switch error {
        case let error as ControlError: self = error
        case let error as StoreError: self.init(code: error.code, message: error.description)
        case let error as TriggerRefusal: self.init(code: error.code, message: error.description)
        case let error as ReloadError: self.init(code: error.code, message: error.description)
        case let error as EventNotWritten: self.init(code: .storageFailed, message: error.description)
        case let error as TeachingError: self.init(code: .conflict, message: error.description)
        case let error as IndexError: self.init(code: .unavailable, message: "statistics: \(error): see fsacctl status")
        case let error as StatisticsError: self.init(code: .unavailable, message: error.description)
        case let error as DiskError: self.init(code: .storageFailed, message: "storage: \(error)")
        case let error as RecipeFileError: self = .invalidRequest(error.description)
        case let error as ImportRefusal: self.init(code: .conflict, message: error.description)
        case let error as ShotSuspicion: self.init(code: .conflict, message: error.description)
        case let error as ImageError: self.init(code: .imageRefused, message: error.description)
        case let error as ShotRefusal: self.init(code: .imageRefused, message: error.description)
        default: self.init(code: .internal, message: ErrorWords.of(error))
        }
    }
}

extension StoreError {
    fileprivate var code: ErrorCode {
        switch self {
        case .invalidRecipeName, .invalidLimit: .invalidRequest
        case .noSuchNormal, .noSuchGeneration, .noSuchRecipe: .notFound
        case .lastNormal, .normalUnreadable, .noOlderGeneration, .noModel, .unusable, .generationUnreadable,
            .otherBackbone, .otherSettings, .recipeExists, .recipeUnusable, .recipeInUse, .severalRecipes,
            .commissioning, .notCommissioning, .commissionIncomplete, .otherGeneration, .notExportable:
            .conflict
        }
    }
}

extension TriggerRefusal {
    fileprivate var code: ErrorCode {
        switch self {
        case .badSerial: .invalidRequest
        case .noSuchCamera: .notFound
        case .severalCameras, .notTriggered: .conflict
        case .busy, .noFrames, .stopping: .unavailable
        }
    }
}

extension ReloadError {
    fileprivate var code: ErrorCode {
        switch self {
        case .configuration, .method: .invalidRequest
        case .inProgress: .conflict
        }
    }
}

/// Turns every error of a route into its status and the JSON envelope, and logs what is our fault.
struct ErrorEnvelope {
    func handle(
        _ request: Request, context: ControlContext, next: (Request, ControlContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            // `unavailable` is an answer, not a failure: try later.
            let refusal = ControlError(error)
            if refusal.status.code >= 500 && refusal.code.status != .serviceUnavailable {
                context.logger.error(
                    "control request failed",
                    metadata: ["request": "\(request.method) \(request.uri.path)", "error": "\(refusal)"])
            }
            let (head, body) = refusal.reply
            return Response(status: head.status, headers: head.headerFields, body: ResponseBody(byteBuffer: body))
        }
    }
}

extension ControlError {
    /// The envelope.
    var reply: (head: HTTPResponse, body: ByteBuffer) {
        // Of two strings, which always encode.
        var body = ByteBuffer(bytes: (try? ControlCoding.encode(ErrorReply(code: code, message: message))) ?? Data())
        body.writeInteger(UInt8(ascii: "\n"))
        var head = HTTPResponse(status: status, headerFields: headers)
        head.headerFields[.contentType] = "application/json"
        head.headerFields[.contentLength] = String(body.readableBytes)
        return (head, body)
    }
}

extension Response {
    /// With a line end, for people who use curl.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        var buffer = ByteBuffer(bytes: try ControlCoding.encode(value))
        buffer.writeInteger(UInt8(ascii: "\n"))
        return Response(
            status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: buffer))
    }
}
