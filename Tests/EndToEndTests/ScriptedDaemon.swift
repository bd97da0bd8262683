import Foundation
import Glibc

/// A daemon's socket behind which there is a text: to each request it gives the same journal lines, of any day, and the same fields
/// behind them.
final class ScriptedDaemon: Sendable {
    let socket: String
    private let listener: CInt

    /// - Parameters:
    ///   - end: `name: value` behind the last line.
    ///   - staysOpen: whether the reply goes on for ever.
    init(folder: String, lines: [String], end: [String] = [], staysOpen: Bool = false) throws {
        socket = "\(folder)/scripted.sock"
        listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let isBound = SocketRequest.withAddress(socket) { [listener] in bind(listener, $0, $1) } == 0
        guard isBound, listen(listener, 4) == 0 else { throw SocketRequest.Failed(reply: "listen: \(errno)") }
        let body = lines.map { $0 + "\n" }.joined()
        let chunk = body.isEmpty ? "" : String(body.utf8.count, radix: 16) + "\r\n" + body + "\r\n"
        let last = "0\r\n" + end.map { $0 + "\r\n" }.joined() + "\r\n"
        let reply = Array(
            ("HTTP/1.1 200 OK\r\nContent-Type: application/jsonl\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk
                + (staysOpen ? "" : last)).utf8)
        Thread.detachNewThread { [listener] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                var request = [UInt8](repeating: 0, count: 65536)
                _ = read(connection, &request, request.count)
                _ = write(connection, reply, reply.count)
                // One that stays open is closed with this process.
                if !staysOpen { close(connection) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// A line of the journal.
    static func line(_ sequence: Int, _ time: String, frame: String, _ rest: String) -> String {
        #"{"seq":\#(sequence),"time":"\#(time)","camera":"left","recipe":"part","frame":"\#(frame)",\#(rest),"regions":[],"#
            + #""latency_ms":{"wait":0,"decode":1,"embed":2,"score":3,"total":6},"durable":true}"#
    }
}
