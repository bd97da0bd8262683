import Foundation
import Glibc

/// A request to a Unix socket without any of our code.
enum SocketRequest {
    struct Failed: Error {
        let reply: String
    }

    /// - Returns: the body of a reply whose status is 200.
    static func post(_ path: String, _ body: Data, socket: String) async throws -> Data {
        let head = "POST \(path) HTTP/1.1\r\nHost: fsac\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\r\n"
        let reply = try await exchange(Data(head.utf8) + body, socket: socket)
        guard reply.status == 200 else { throw Failed(reply: String(decoding: reply.body, as: UTF8.self)) }
        return reply.body
    }

    static func get(_ path: String, socket: String) async throws -> (status: Int, body: Data) {
        try await exchange(
            Data("GET \(path) HTTP/1.1\r\nHost: fsac\r\nConnection: close\r\n\r\n".utf8), socket: socket)
    }

    /// What `call` makes of a socket's address.
    static func withAddress<Value>(_ path107: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path107.utf8) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func exchange(_ request: Data, socket: String) async throws -> (status: Int, body: Data) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let descriptor = try connected(to: socket)
                        defer { close(descriptor) }
                        return try exchange(Array(request), descriptor)
                    })
            }
        }
    }

    /// A connection that nobody reads from; closed by the caller.
    static func connected(to path107: String) throws -> CInt {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard withAddress(path107, { connect(descriptor, $0, $1) }) == 0 else {
            throw Failed(reply: "connect: \(errno)")
        }
        return descriptor
    }

    private static func exchange(_ request: [UInt8], _ descriptor: CInt) throws -> (status: Int, body: Data) {
        guard write(descriptor, request, request.count) == request.count else { throw Failed(reply: "write: \(errno)") }
        var (reply, chunk) = (Data(), [UInt8](repeating: 0, count: 16384))
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { reply += chunk[..<count] }
        let words = String(decoding: reply.prefix(64), as: UTF8.self).split(separator: " ")
        guard words.count > 1, let status = Int(words[1]), let split = reply.range(of: Data("\r\n\r\n".utf8)) else {
            throw Failed(reply: String(decoding: reply, as: UTF8.self))
        }
        return (status, reply[split.upperBound...])
    }
}
