import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore

/// One request of the control API: what it is called, what it takes, and what it does. All that a route takes is declared with
/// it, and a request with anything else in it is refused before the route hears of it: what is spelt wrongly must not count as
/// absent.
struct ControlRoute: Sendable {
    typealias Answer = @Sendable (ControlRequest) async throws -> Response

    /// What a request may bring along. A JSON object without fields is as good as no body.
    enum Body: Sendable, Equatable {
        case nothing
        case json
        /// Or JSON, as the content type says.
        case picture
        /// Of a file.
        case piece

        /// What a body of this content type may have, in bytes.
        func mostBytes(_ contentType: String) -> Int {
            switch self {
            case .picture where contentType.lowercased().hasPrefix("image/"): ControlLimits.imageBytes
            case .piece: ControlLimits.pieceBytes
            case .nothing, .json, .picture: ControlLimits.requestBytes
            }
        }
    }

    enum Kind: Sendable, Equatable {
        case ordinary
        /// A question about the line's health, answered at once whoever else is there.
        case vital
        /// The reply has no end by itself; it ends with the client or the daemon.
        case stream
    }

    let kind: Kind
    let method: HTTPRequest.Method
    /// Segments that begin with a colon stand for any text.
    let path: String
    /// Names that the query may have, each at most once.
    let parameters: [String]
    let body: Body
    let answer: Answer

    /// Takes no body.
    init(
        _ method: HTTPRequest.Method, _ path: String, _ kind: Kind = .ordinary, parameters: [String] = [],
        answer: @escaping Answer
    ) {
        self.init(method, path, kind, parameters: parameters, body: .nothing) { request in
            _ = try request.fields(NoFields.self, isNeeded: false)
            return try await answer(request)
        }
    }

    /// Takes JSON.
    ///
    /// - Parameter isNeeded: false = no body at all means that no field is there.
    init<Fields: RequestFields>(
        _ method: HTTPRequest.Method, _ path: String, parameters: [String] = [], _ fields: Fields.Type,
        isNeeded: Bool = true, answer: @escaping @Sendable (ControlRequest, Fields) async throws -> Response
    ) {
        self.init(method, path, .ordinary, parameters: parameters, body: .json) { request in
            try await answer(request, try request.fields(fields, isNeeded: isNeeded))
        }
    }

    /// Takes a picture or JSON; the route reads it.
    static func withPicture(
        _ method: HTTPRequest.Method, _ path: String, parameters: [String], answer: @escaping Answer
    ) -> ControlRoute {
        ControlRoute(method, path, .ordinary, parameters: parameters, body: .picture, answer: answer)
    }

    /// Takes bytes of a file; the route reads them.
    static func withPiece(
        _ method: HTTPRequest.Method, _ path: String, parameters: [String], answer: @escaping Answer
    ) -> ControlRoute {
        ControlRoute(method, path, .ordinary, parameters: parameters, body: .piece) { request in
            guard request.contentType == "application/octet-stream" else {
                // Fields of JSON first: none is known.
                _ = try request.fields(NoFields.self, isNeeded: false)
                throw ControlError(
                    code: .unsupportedType, message: "request: content-type: expected application/octet-stream")
            }
            return try await answer(request)
        }
    }

    private init(
        _ method: HTTPRequest.Method, _ path: String, _ kind: Kind, parameters: [String], body: Body,
        answer: @escaping Answer
    ) {
        self.kind = kind
        self.method = method
        self.path = path
        self.parameters = parameters
        self.body = body
        self.answer = answer
    }

    private struct NoFields: RequestFields {
        enum CodingKeys: CodingKey, CaseIterable {}
    }

    /// What stands for the colons; nil when the path is another one.
    func placeholders(in segments: [Substring]) -> [String: String]? {
        let own = path.split(separator: "/")
        guard own.count == segments.count else { return nil }
        var placeholders: [String: String] = [:]
        for (own, segment) in zip(own, segments) {
            if own.hasPrefix(":") {
                placeholders[String(own.dropFirst())] = String(segment)
            } else if own != segment {
                return nil
            }
        }
        return placeholders
    }
}

/// A complete request that names nothing but what its route knows.
struct ControlRequest: Sendable {
    /// Who asks.
    let author: ChangeAuthor
    /// From where, if it is another computer.
    let computer: String?
    /// Of the path, by name without its colon.
    let placeholders: [String: String]
    let query: ControlQuery
    /// In small letters; empty = none was named.
    let contentType: String
    /// The number of the last event that a browser got of a stream before; nil = it is new.
    let lastEvent: UInt64?
    let body: ByteBuffer
    /// To see the client leave.
    let connection: RequestBody

    func placeholder(_ name: String) -> String {
        guard let text = placeholders[name] else { preconditionFailure("no :\(name) in the path") }
        return text
    }

    /// The body as JSON.
    func fields<Fields: RequestFields>(_ type: Fields.Type, isNeeded: Bool = true) throws(ControlError) -> Fields {
        guard !isNeeded || body.readableBytes > 0 else {
            throw .invalidRequest("request: no body: expected JSON with \(Fields.names.joined(separator: ", "))")
        }
        guard body.readableBytes <= ControlLimits.requestBytes else {
            throw .tooLarge(bytes: body.readableBytes, limit: ControlLimits.requestBytes)
        }
        let bytes = body.readableBytes > 0 ? [UInt8](body.readableBytesView) : Array("{}".utf8)
        do {
            return try ControlCoding.decodeRequest(type, from: bytes)
        } catch {
            throw .invalidRequest("request: \(error)")
        }
    }
}
