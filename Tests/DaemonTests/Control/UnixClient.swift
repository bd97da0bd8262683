import Foundation
import Glibc

/// A bare HTTP client on a Unix socket, or of a port of this computer, that can also misbehave.
final class UnixClient: Sendable {
    struct Refused: Error {}
    struct Reply {
        var status: Int
        var head: String
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let descriptor: CInt

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard Self.withAddress(path, { connect(descriptor, $0, $1) }) == 0 else { throw Refused() }
        setPatience()
    }

    /// - Parameter computer: another one than the server's, by a number of its own.
    init(port: UInt16, from computer: UInt32 = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard computer == 0 || Self.withAddress(Self.loopback + computer, 0, { bind(descriptor, $0, $1) }) == 0,
            Self.withAddress(Self.loopback, port, { connect(descriptor, $0, $1) }) == 0
        else { throw Refused() }
        setPatience()
    }

    private func setPatience() {
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    /// A socket that listens at a free port, as systemd makes one. The caller closes it.
    static func listener() throws -> (descriptor: CInt, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard withAddress(loopback, 0, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 64) == 0,
            withUnsafeMutablePointer(
                to: &address,
                { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
                }) == 0
        else { throw Refused() }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// 127.0.0.1.
    private static let loopback: in_addr_t = 0x7F00_0001

    private static func withAddress(
        _ host: in_addr_t, _ port: UInt16, _ call: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { close(descriptor) }

    /// A program that listens at a path and never takes anybody.
    static func listener(_ path: String, backlog: CInt) throws -> CInt {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard withAddress(path, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, backlog) == 0 else {
            throw Refused()
        }
        return descriptor
    }

    private static func withAddress(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Sends what the daemon takes; it may have closed the connection before the end.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Nothing more comes from here; the daemon's answer may.
    func endSending() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Waits until the daemon closes, and reads nothing. False = it has not within a minute.
    func hasHungUp() async -> Bool { await onOwnThread { [self] in isGone(within: 60_000) } }

    /// Whether the daemon has closed, or does so within so many milliseconds.
    func isGone(within milliseconds: CInt) -> Bool {
        var poll = pollfd(fd: descriptor, events: 0, revents: 0)
        return Glibc.poll(&poll, 1, milliseconds) == 1
    }

    /// Reads until `end` has come or the daemon closes.
    func receive(until end: String? = nil) async -> String {
        String(decoding: await receiveBytes(until: end), as: UTF8.self)
    }

    func receiveBytes(until end: String? = nil) async -> [UInt8] {
        await onOwnThread { [self] in
            var received: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { break }
                received += chunk[..<count]
                if let end, String(decoding: received, as: UTF8.self).contains(end) { break }
            }
            return received
        }
    }

    /// One request on a connection of its own.
    static func request(
        _ method: String, _ target: String, socket: String, headers: [String] = [], body: [UInt8] = []
    ) async throws -> Reply {
        let client = try UnixClient(socket)
        let head = ["\(method) \(target) HTTP/1.1", "Host: fsac", "Connection: close", "Content-Length: \(body.count)"]
        await onOwnThread { client.send(Array(((head + headers).joined(separator: "\r\n") + "\r\n\r\n").utf8) + body) }
        return try await client.reply()
    }

    /// What comes until the daemon closes.
    func reply() async throws -> Reply {
        let bytes = await receiveBytes()
        guard let split = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { throw Refused() }
        let replyHead = String(decoding: bytes[..<split.lowerBound], as: UTF8.self)
        let isChunked = replyHead.lowercased().contains("transfer-encoding: chunked")
        let body = bytes[split.upperBound...]
        return Reply(
            status: replyHead.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0, head: replyHead,
            body: isChunked ? Self.unchunked(body) : Array(body))
    }

    /// RFC 9112, section 7.1: `size CRLF data CRLF`, the last of size 0.
    private static func unchunked(_ body: ArraySlice<UInt8>) -> [UInt8] {
        var (rest, data) = (body, [UInt8]())
        while let end = rest.firstIndex(of: 13),
            let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), size > 0
        {
            data += rest[(end + 2)...].prefix(size)
            rest = rest[(end + 2)...].dropFirst(size + 2)
        }
        return data
    }
}

/// The daemon's own threads must stay free: they are what is tested.
func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: work()) }
    }
}
