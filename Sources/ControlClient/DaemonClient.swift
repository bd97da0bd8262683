package import ControlProtocol
import Foundation
import Glibc

/// The daemon's control API, seen from outside: one connection a request, no state. Values in and out are those of
/// ControlProtocol.
///
/// What goes wrong is a ``DaemonError``, but for what a receiver of lines throws.
package struct DaemonClient: Sendable {
    package enum Body: Sendable {
        case none
        case json(any Encodable & Sendable)
        /// As it is in the file. The daemon looks at the bytes, not at the name, to tell what it is.
        case picture([UInt8])
        /// Of a file.
        case piece([UInt8])
    }

    /// More is no reply of a daemon: the largest are a picture and a list of generations with their shots.
    private static let maximumReplyBytes = 256 << 20

    package let socket: String

    package init(socket: String) { self.socket = socket }

    /// One request with a JSON reply.
    ///
    /// - Parameter timeout: for the whole exchange. What may take long there names a longer one.
    package func request<Reply: Decodable>(
        _ method: Exchange.Method, _ path: String, query: [String: String] = [:], body: Body = .none,
        timeout: Duration = .seconds(60), as type: Reply.Type
    ) async throws -> Reply {
        let bytes = try await bytes(method, path, query: query, body: body, timeout: timeout)
        do {
            return try ControlCoding.decode(type, from: bytes)
        } catch {
            throw DaemonError.unexpectedReply(status: 200, text: String(decoding: bytes.prefix(200), as: UTF8.self))
        }
    }

    package func get<Reply: Decodable>(
        _ path: String, query: [String: String] = [:], as type: Reply.Type
    ) async throws -> Reply {
        try await request(.get, path, query: query, as: type)
    }

    /// One request with a reply of any kind, held in memory.
    package func bytes(
        _ method: Exchange.Method, _ path: String, query: [String: String] = [:], body: Body = .none,
        timeout: Duration = .seconds(60)
    ) async throws -> [UInt8] {
        try await exchange(try request(method, path, query: query, body: body, timeout: timeout)) { exchange in
            var body: [UInt8] = []
            let reply = try exchange.perform { _, piece in
                guard body.count + piece.count <= Self.maximumReplyBytes else {
                    throw DaemonError.unexpectedReply(status: 200, text: "more than \(Self.maximumReplyBytes) bytes")
                }
                body += piece
            }
            try Self.check(reply, body)
            return body
        }
    }

    /// A reply of any length, piece by piece. There is no time-out.
    ///
    /// - Parameter handle: gets each piece, on another thread; while it is at work, nothing is read. What it throws ends it.
    package func pieces(
        _ path: String, query: [String: String], _ handle: @escaping @Sendable (_ piece: [UInt8]) throws -> Void
    ) async throws {
        try await exchange(try request(.get, path, query: query, body: .none, timeout: nil)) { exchange in
            var refusal: [UInt8] = []
            let reply = try exchange.perform { reply, piece in
                if reply.isSuccess { try handle(Array(piece)) } else { refusal += piece }
            }
            try Self.check(reply, refusal)
        }
    }

    /// Journal lines as they come, until the daemon ends the reply. There is no time-out: no part may come for a night.
    ///
    /// - Parameter handle: gets each line, on another thread; while it is at work, nothing is read.
    /// - Returns: the fields of the reply's head and of its end, by name in small letters.
    @discardableResult
    package func lines(
        _ path: String, query: [String: String], _ handle: @escaping @Sendable (_ line: [UInt8]) throws -> Void
    ) async throws -> [String: String] {
        try await onThread { try follow(path, query: query) { _, line in try handle(line) } }
    }

    /// The same on the calling thread, which it blocks.
    ///
    /// - Parameter handle: gets the fields of the reply's head with each line.
    @discardableResult
    package func follow(
        _ path: String, query: [String: String], _ handle: (_ head: [String: String], _ line: [UInt8]) throws -> Void
    ) throws -> [String: String] {
        try named {
            var pending: [UInt8] = []
            let exchange = try request(.get, path, query: query, body: .none, timeout: nil)
            let reply = try exchange.perform { reply, piece in
                pending += piece
                while reply.isSuccess, let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    try handle(reply.headers, Array(pending[..<end]))
                    pending.removeSubrange(...end)
                }
            }
            // What is left of a good reply is nothing: it ends with a line, or else it was cut and has thrown.
            try Self.check(reply, pending)
            return reply.headers
        }
    }

    /// One request whose reply says nothing but that it was taken. On the calling thread, which it blocks.
    package func tell(_ path: String, _ value: some Encodable & Sendable, timeout: Duration) throws {
        try named {
            var body: [UInt8] = []
            let exchange = try request(.post, path, query: [:], body: .json(value), timeout: timeout)
            let reply = try exchange.perform { _, piece in body += piece }
            try Self.check(reply, body)
        }
    }

    /// The stream of events, until it breaks off or the daemon ends it. Blocks its thread, and has no time-out: a daemon that is
    /// stopped in the middle sends nothing, and goes on later. The heartbeats say how it is.
    ///
    /// - Parameter handle: gets each event; while it is at work, nothing is read.
    package func events(_ query: [String: String], _ handle: (StreamEvent) throws -> Void) throws {
        try named {
            var (events, refusal) = (ServerSentEvents(), [UInt8]())
            let exchange = try request(.get, ControlPath.stream, query: query, body: .none, timeout: nil)
            let reply = try exchange.perform { reply, piece in
                guard reply.isSuccess else {
                    refusal += piece
                    return
                }
                guard let complete = events.take(piece) else {
                    throw DaemonError.unexpectedReply(status: reply.status, text: "no events")
                }
                for event in complete {
                    if let event = try Self.event(event) { try handle(event) }
                }
            }
            try Self.check(reply, refusal)
        }
    }

    private static func event(_ event: ServerSentEvents.Event) throws -> StreamEvent? {
        do {
            return try StreamEvent(name: event.name, data: event.data)
        } catch {
            throw DaemonError.unexpectedReply(
                status: 200, text: "\(event.name): \(String(decoding: event.data.prefix(200), as: UTF8.self))")
        }
    }

    private func exchange<Outcome: Sendable>(
        _ exchange: Exchange, _ work: @escaping @Sendable (Exchange) throws -> Outcome
    ) async throws -> Outcome {
        try await onThread { try named { try work(exchange) } }
    }

    /// A connection's errors in the daemon's terms.
    private func named<Outcome>(_ work: () throws -> Outcome) throws -> Outcome {
        do {
            return try work()
        } catch Exchange.Failure.cut(_, let words) {
            // A connection that breaks in the middle of a reply is a daemon that went away.
            throw DaemonError.unreachable(socket: socket, reason: "the connection broke off: \(words)")
        } catch Exchange.Failure.unreachable(let words, let errno) {
            throw DaemonError.unreachable(socket: socket, reason: Self.reason(errno, words))
        } catch Exchange.Failure.address(let words) {
            throw DaemonError.unreachable(socket: socket, reason: words)
        }
    }

    private static func check(_ reply: Exchange.Reply, _ body: [UInt8]) throws {
        guard !reply.isSuccess else { return }
        // Who answers so is no fsacd, or one of another version.
        guard let refusal = try? ControlCoding.decode(ErrorReply.self, from: body) else {
            throw DaemonError.unexpectedReply(
                status: reply.status, text: String(decoding: body.prefix(200), as: UTF8.self))
        }
        throw DaemonError.refused(refusal.error)
    }

    private func request(
        _ method: Exchange.Method, _ path: String, query: [String: String], body: Body, timeout: Duration?
    ) throws -> Exchange {
        var components = URLComponents()
        // HTTP/1.1 wants the name of a host; behind a socket any will do.
        components.scheme = "http"
        components.host = "fsacd"
        components.path = path
        if !query.isEmpty {
            components.queryItems = query.sorted { $0.key < $1.key }.map { URLQueryItem(name: $0.key, value: $0.value) }
        }
        guard let url = components.string else { preconditionFailure("no address of \(path)") }
        var exchange = Exchange(url: url, route: .socket(path: socket, timeout: timeout), method: method)
        switch body {
        case .none: break
        case .json(let value):
            exchange.headers = ["Content-Type: application/json"]
            exchange.body = [UInt8](try ControlCoding.encode(value))
        case .picture(let bytes):
            // Any picture's type will do: the daemon finds out itself whether it is JPEG or PNG.
            exchange.headers = ["Content-Type: image/*"]
            exchange.body = bytes
        case .piece(let bytes):
            exchange.headers = ["Content-Type: application/octet-stream"]
            exchange.body = bytes
        }
        return exchange
    }

    /// What the operator can do about it. The three that are common have advice of their own: a daemon that was never
    /// started, one that was killed and left its socket behind, a user who may not.
    private static func reason(_ errno: CInt, _ words: String) -> String {
        switch errno {
        case ENOENT: "there is no such socket: is fsacd running (systemctl status fsacd), and is --socket right?"
        case ECONNREFUSED: "nobody listens there: fsacd has stopped: start it (systemctl start fsacd)"
        case EACCES: "permission denied: your user has to be in the socket's group (usermod -aG fsac $USER, new login)"
        // Curl's own words: the path is too long for a socket, or there was no answer in time.
        case 0: words
        default: String(cString: strerror(errno))
        }
    }
}
