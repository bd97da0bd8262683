import AsyncHTTPClient
import ControlProtocol
import Foundation
import Glibc
import NIOCore
import NIOHTTP1

/// The daemon's control API, seen from outside.
struct DaemonClient: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    enum Body: Sendable {
        case none
        case json(any Encodable & Sendable)
        case picture([UInt8])
    }

    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        // An absent daemon is an answer, not something to wait for.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    let socket: String

    /// One request with a JSON reply.
    func request<Reply: Decodable>(
        _ method: Method, _ path: String, query: [String: String] = [:], body: Body = .none,
        timeout: TimeAmount = .seconds(60), as type: Reply.Type
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
        _ method: Method, _ path: String, query: [String: String] = [:], body: Body = .none,
        timeout: TimeAmount = .seconds(60)
    ) async throws -> [UInt8] {
        let response = try await response(method, path, query: query, body: body, timeout: timeout)
        let body = try await unbroken { try await response.body.collect(upTo: 256 << 20) }
        return [UInt8](body.readableBytesView)
    }

    /// Journal lines as they come, until the daemon ends the reply.
    func lines(
        _ path: String, query: [String: String], _ handle: (_ line: [UInt8]) async throws -> Void
    ) async throws {
        let response = try await response(.get, path, query: query, body: .none, timeout: .hours(24 * 365))
        var body = response.body.makeAsyncIterator()
        var pending: [UInt8] = []
        while let buffer = try await unbroken({ try await body.next() }) {
            pending += buffer.readableBytesView
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                try await handle(Array(pending[..<end]))
                pending.removeSubrange(...end)
            }
        }
    }

    /// A connection that breaks in the middle of a reply is a daemon that went away.
    private func unbroken<Value>(_ read: () async throws -> Value) async throws -> Value {
        do {
            return try await read()
        } catch {
            throw ClientError.unreachable(socket: socket, reason: "the connection broke off: \(error)")
        }
    }

    private func response(
        _ method: Method, _ path: String, query: [String: String], body: Body, timeout: TimeAmount
    ) async throws -> HTTPClientResponse {
        let request = try request(method, path, query: query, body: body)
        let response: HTTPClientResponse
        do {
            response = try await Self.client.execute(request, timeout: timeout)
        } catch {
            throw ClientError.unreachable(socket: socket, reason: reason(of: error))
        }
        guard !(200..<300).contains(response.status.code) else { return response }
        let bytes = try await unbroken { try await response.body.collect(upTo: 1 << 20) }.readableBytesView
        guard let reply = try? ControlCoding.decode(ErrorReply.self, from: bytes) else {
            throw ClientError.unexpectedReply(
                status: response.status.code, text: String(decoding: bytes.prefix(200), as: UTF8.self))
        }
        throw ClientError.refused(reply.error)
    }

    private func request(
        _ method: Method, _ path: String, query: [String: String], body: Body
    ) throws -> HTTPClientRequest {
        var components = URLComponents()
        components.path = path
        if !query.isEmpty {
            components.queryItems = query.sorted { $0.key < $1.key }.map { URLQueryItem(name: $0.key, value: $0.value) }
        }
        guard let url = URL(httpURLWithSocketPath: socket, uri: components.string ?? path) else {
            throw ClientError.unreachable(socket: socket, reason: "that is no path of a socket")
        }
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = HTTPMethod(rawValue: method.rawValue)
        switch body {
        case .none: break
        case .json(let value):
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try ControlCoding.encode(value)))
        case .picture(let bytes):
            request.headers.add(name: "Content-Type", value: "image/*")
            request.body = .bytes(ByteBuffer(bytes: bytes))
        }
        return request
    }

    /// What the operator can do about it.
    private func reason(of error: any Error) -> String {
        switch connectionErrno() {
        case ENOENT: "there is no such socket: is fsacd running (systemctl status fsacd), and is --socket right?"
        case ECONNREFUSED: "nobody listens there: fsacd has stopped: start it (systemctl start fsacd)"
        case EACCES: "permission denied: your user has to be in the socket's group (usermod -aG fsac $USER, new login)"
        case .some(let code): String(cString: strerror(code))
        case nil: "\(error)"
        }
    }

    /// Tries once more by hand, because the kernel's own answer is the clearest. Nil = it connects.
    private func connectionErrno() -> CInt? {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard socket.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return ENAMETOOLONG }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? nil : errno
    }
}
