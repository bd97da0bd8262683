import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore

/// Finds the route of a request and holds the request to what the route takes.
struct ControlResponder: HTTPResponder {
    private static let lastEventID = HTTPField.Name("Last-Event-ID")

    let routes: [ControlRoute]
    /// Who asks where no kernel tells; nil = it does.
    let author: (@Sendable (Request) throws -> ChangeAuthor)?

    init(routes: [ControlRoute], author: (@Sendable (Request) throws -> ChangeAuthor)? = nil) {
        self.routes = routes
        self.author = author
    }

    /// The log stands outside: it sees the status that the envelope made of an error.
    func respond(to request: Request, context: ControlContext) async throws -> Response {
        try await ChangeLog().handle(request, context: context) { request, context in
            try await ErrorEnvelope().handle(request, context: context) { request, context in
                let author = try author?(request) ?? ChangeAuthor(uid: context.peer?.uid, pid: context.peer?.pid)
                return try await answer(request, by: author, at: context.computer)
            }
        }
    }

    private func answer(
        _ request: Request, by author: ChangeAuthor, at computer: String?
    ) async throws -> Response {
        let (route, placeholders) = try route(request.method, target: request.head.path ?? "")
        let query = try ControlQuery(request.uri.query, known: route.parameters)
        var request = request
        // Nothing is done before the request is complete: one that breaks off, or ends in nonsense, was none.
        let limit = route.body.mostBytes(request.headers[.contentType] ?? "")
        let body = try await request.collectBody(upToBytes: limit)
        return try await route.answer(
            ControlRequest(
                author: author, computer: computer, placeholders: placeholders, query: query,
                contentType: request.headers[.contentType]?.lowercased() ?? "",
                lastEvent: Self.lastEventID.flatMap { request.headers[$0] }.flatMap { UInt64($0) }, body: body,
                connection: request.body))
    }

    /// - Parameter target: path and query.
    func route(
        _ method: HTTPRequest.Method, target: String
    ) throws(ControlError) -> (route: ControlRoute, placeholders: [String: String]) {
        guard target.utf8.count <= ControlLimits.targetBytes else {
            throw ControlError(
                code: .tooLarge,
                message: "request: an address of \(target.utf8.count) bytes: expected at most "
                    + "\(ControlLimits.targetBytes)", status: .uriTooLong)
        }
        let segments = target.prefix { $0 != "?" }.split(separator: "/")
        let here = routes.compactMap { route in route.placeholders(in: segments).map { (route, $0) } }
        // What is named stands before what anything may stand for.
        guard let least = here.map(\.1.count).min() else { throw .noSuchPath(known: routes.map(\.path)) }
        let named = here.filter { $0.1.count == least }
        guard let found = named.first(where: { $0.0.method == method }) else {
            throw .methodNotAllowed(method, allowed: named.map(\.0.method))
        }
        return found
    }
}

extension Request {
    /// The complete body; a client that leaves in the middle has sent nothing.
    fileprivate mutating func collectBody(upToBytes limit: Int) async throws -> ByteBuffer {
        // What says itself that it is too long is refused before it is sent.
        let length = headers[.contentLength].flatMap { Int($0) } ?? 0
        guard length <= limit else { throw ControlError.tooLarge(bytes: length, limit: limit) }
        do {
            return try await collectBody(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw ControlError.tooLarge(bytes: nil, limit: limit)
        } catch {
            throw ControlError.invalidRequest("request: the body broke off: \(error)")
        }
    }
}
