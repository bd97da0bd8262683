import ControlProtocol
import Foundation
import Glibc

/// The daemon's control API, seen from outside.
struct DaemonClient: Sendable {
    enum Body: Sendable {
        case none
        case json(any Encodable & Sendable)
        case picture([UInt8])
    }

    /// More is no reply of a daemon.
    private static let maximumReplyBytes = 256 << 20

    let socket: String

    /// One request with a JSON reply.
    func request<Reply: Decodable>(
        _ method: Exchange.Method, _ path: String, query: [String: String] = [:], body: Body = .none,
        timeout: Duration = .seconds(60), as type: Reply.Type
    ) async throws -> Reply {
        let bytes = try await bytes(method, path, query: query, body: body, timeout: timeout)
        do {
            return try ControlCoding.decode(type, from: bytes)
        } catch {
            throw ClientError.unexpectedReply(status: 200, text: String(decoding: bytes.prefix(200), as: UTF8.self))
        }
    }

    func get<Reply: Decodable>(
        _ path: String, query: [String: String] = [:], as type: Reply.Type
    ) async throws -> Reply {
        try await request(.get, path, query: query, as: type)
    }

    /// One request with a reply of any kind.
    func bytes(
        _ method: Exchange.Method, _ path: String, query: [String: String] = [:], body: Body = .none,
        timeout: Duration = .seconds(60)
    ) async throws -> [UInt8] {
        try await exchange(try request(method, path, query: query, body: body, timeout: timeout)) { exchange in
            var body: [UInt8] = []
            let reply = try exchange.perform { _, piece in
                guard body.count + piece.count <= Self.maximumReplyBytes else {
                    throw ClientError.unexpectedReply(status: 200, text: "more than \(Self.maximumReplyBytes) bytes")
                }
                body += piece
            }
            try Self.check(reply, body)
            return body
        }
    }

    /// Journal lines as they come, until the daemon ends the reply.
    ///
    /// - Parameter handle: gets each line, on another thread; while it is at work, nothing is read.
    func lines(
        _ path: String, query: [String: String], _ handle: @escaping @Sendable (_ line: [UInt8]) throws -> Void
    ) async throws {
        try await exchange(try request(.get, path, query: query, body: .none, timeout: nil)) { exchange in
            var pending: [UInt8] = []
            let reply = try exchange.perform { reply, piece in
                pending += piece
                while reply.isSuccess, let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    try handle(Array(pending[..<end]))
                    pending.removeSubrange(...end)
                }
            }
            try Self.check(reply, pending)
        }
    }

    private func exchange<Outcome: Sendable>(
        _ exchange: Exchange, _ work: @escaping @Sendable (Exchange) throws -> Outcome
    ) async throws -> Outcome {
        do {
            return try await onThread { try work(exchange) }
        } catch Exchange.Failure.cut(_, let words) {
            // A connection that breaks in the middle of a reply is a daemon that went away.
            throw ClientError.unreachable(socket: socket, reason: "the connection broke off: \(words)")
        } catch Exchange.Failure.unreachable(let words, let errno) {
            throw ClientError.unreachable(socket: socket, reason: Self.reason(errno, words))
        } catch Exchange.Failure.address(let words) {
            throw ClientError.unreachable(socket: socket, reason: words)
        }
    }

    private static func check(_ reply: Exchange.Reply, _ body: [UInt8]) throws {
        guard !reply.isSuccess else { return }
        guard let refusal = try? ControlCoding.decode(ErrorReply.self, from: body) else {
            throw ClientError.unexpectedReply(
                status: reply.status, text: String(decoding: body.prefix(200), as: UTF8.self))
        }
        throw ClientError.refused(refusal.error)
    }

    private func request(
        _ method: Exchange.Method, _ path: String, query: [String: String], body: Body, timeout: Duration?
    ) throws -> Exchange {
        var components = URLComponents()
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
            exchange.headers = ["Content-Type: image/*"]
            exchange.body = bytes
        }
        return exchange
    }

    /// What the operator can do about it.
    private static func reason(_ errno: CInt, _ words: String) -> String {
        switch errno {
        case ENOENT: "there is no such socket: is fsacd running (systemctl status fsacd), and is --socket right?"
        case ECONNREFUSED: "nobody listens there: fsacd has stopped: start it (systemctl start fsacd)"
        case EACCES: "permission denied: your user has to be in the socket's group (usermod -aG fsac $USER, new login)"
        case 0: words
        default: String(cString: strerror(errno))
        }
    }
}
