import ControlProtocol
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Who is at the other end of a Unix socket: the kernel's `struct ucred`, which the C library shows only to GNU sources.
struct Peer: Sendable {
    var pid: pid_t
    var uid: uid_t
    var gid: gid_t

    /// Of the connection that a request came by; nil on another kind of socket.
    @TaskLocal static var current: Peer?
}

/// HTTP/1.1 on a Unix socket. The kernel is asked who connects before anything is read: a client that sends its request and
/// leaves at once is gone when the request is carried out, and so is its socket.
struct PeerChannel: HTTPChannelHandler {
    struct Connection: ServerChildChannelValue {
        let channel: any Channel
        let http: HTTP1Channel.Value
        let peer: Peer?
    }

    let http: HTTP1Channel

    var responder: Responder { http.responder }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        // On the event loop, right after accept(2): the answer is there at once.
        let peer =
            (channel as? any SocketOptionProvider)?.unsafeGetSocketOption(
                level: SocketOptionLevel(SOL_SOCKET), name: SocketOptionName(SO_PEERCRED)
            ).map(Peer?.some) ?? channel.eventLoop.makeSucceededFuture(nil)
        return peer.and(http.setup(channel: channel, logger: logger)).map { peer, http in
            Connection(channel: channel, http: http, peer: peer)
        }
    }

    func handle(value: Connection, logger: Logger) async {
        // Every request of the connection is handled within.
        await Peer.$current.withValue(value.peer) { await http.handle(value: value.http, logger: logger) }
    }
}

/// One request's context.
struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who asks; nil on another kind of socket.
    let peer: Peer?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = Peer.current
    }
}

/// Logs who asked for a change, and what came of it, also of what was refused: it stands outside of ``ErrorEnvelope``.
/// Reading is not logged; triggers are in the journal.
struct ChangeLog {
    func handle(
        _ request: Request, context: ControlContext, next: (Request, ControlContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        guard request.method != .get, request.method != .head, request.uri.path != ControlPath.trigger else {
            return response
        }
        let peer = context.peer
        context.logger.notice(
            "control request",
            metadata: [
                "request": "\(request.method) \(request.uri.path)", "status": "\(response.status.code)",
                "uid": "\(peer.map { String($0.uid) } ?? "?")", "pid": "\(peer.map { String($0.pid) } ?? "?")",
            ])
        return response
    }
}
