import Foundation
import Glibc
import Synchronization

/// A web server of a few files on this machine that can be as bad as real ones: it cuts replies short, knows no ranges,
/// changes its files.
final class FileServer: Sendable {
    struct Behaviour: Sendable {
        var files: [String: Data] = [:]
        /// Answers `Range` with a range.
        var hasRanges = true
        /// Answers `Range` with a range of whatever it has now, without a look at `If-Range`.
        var ignoresConditions = false
        /// Where its ranges begin instead of where they were asked for.
        var rangeStart: Int?
        /// Bytes of its largest range.
        var longestRange = Int.max
        /// What `ETag` says; nil: nothing.
        var version: String? = "\"1\""
        /// Bytes of a reply's body after which the connection is cut, by path: one for each of the next replies.
        var cuts: [String: [Int]] = [:]
        /// Where a path is sent on to.
        var redirects: [String: String] = [:]
    }

    struct Request: Sendable, Equatable {
        let path: String
        let range: String?
        let condition: String?
    }

    private struct State {
        var behaviour: Behaviour
        var requests: [Request] = []
    }

    private let listener: Int32
    let port: UInt16
    private let state: Mutex<State>

    init(_ behaviour: Behaviour) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // A port that is asked for by number stays this socket's when it listens no more: no other test's server answers then.
        let isBound = (0..<100).contains { _ in
            address.sin_port = UInt16.random(in: 10_000..<30_000).bigEndian
            return withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) == 0 }
            }
        }
        let listens = isBound && listen(listener, 16) == 0
        guard listens else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        state = Mutex(State(behaviour: behaviour))
        Thread.detachNewThread { [weak self, listener] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                self?.serve(connection)
                close(connection)
            }
        }
    }

    deinit { close(listener) }

    /// Ends the thread that waits for connections; then nobody listens.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock { $0.requests } }

    func change(_ change: (inout Behaviour) -> Void) {
        state.withLock {
            change(&$0.behaviour)
            $0.requests = []
        }
    }

    private func serve(_ connection: Int32) {
        var (head, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
            let count = read(connection, &chunk, chunk.count)
            guard count > 0 else { return }
            head += chunk[..<count]
        }
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        func header(_ name: String) -> String? {
            lines.first { $0.lowercased().hasPrefix(name + ":") }.map {
                $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
            }
        }
        let path = String(lines[0].split(separator: " ")[1])
        let request = Request(path: path, range: header("range"), condition: header("if-range"))
        let (reply, cut) = state.withLock { state in
            state.requests.append(request)
            return (Self.reply(to: request, state.behaviour), state.behaviour.nextCut(path))
        }
        send(reply.head, connection)
        send(Array(reply.body.prefix(cut ?? reply.body.count)), connection)
    }

    private static func reply(to request: Request, _ behaviour: Behaviour) -> (head: [UInt8], body: Data) {
        if let target = behaviour.redirects[request.path] {
            return (
                Array(
                    "HTTP/1.1 302 Found\r\nLocation: \(target)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8),
                Data()
            )
        }
        guard let file = behaviour.files[request.path] else {
            return (Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8), Data())
        }
        let start = request.range.flatMap { behaviour.rangeStart ?? Int($0.dropFirst("bytes=".count).dropLast()) }
        let isSame =
            behaviour.ignoresConditions || request.condition == nil || request.condition == behaviour.version
        var body = file
        var lines = ["HTTP/1.1 200 OK"]
        if let start, behaviour.hasRanges, isSame, start < file.count {
            body = file[start...].prefix(behaviour.longestRange)
            lines = [
                "HTTP/1.1 206 Partial Content",
                "Content-Range: bytes \(start)-\(body.endIndex - 1)/\(file.count)",
            ]
        }
        if let version = behaviour.version { lines.append("ETag: \(version)") }
        lines += ["Content-Length: \(body.count)", "Connection: close", "", ""]
        return (Array(lines.joined(separator: "\r\n").utf8), body)
    }

    private func send(_ bytes: [UInt8], _ connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension FileServer.Behaviour {
    fileprivate mutating func nextCut(_ path: String) -> Int? {
        guard var cuts = cuts[path], !cuts.isEmpty else { return nil }
        defer { self.cuts[path] = cuts }
        return cuts.removeFirst()
    }
}
