import ControlProtocol
import Glibc
import Hummingbird
import Logging
import NIOCore

/// Who is at the other end of a Unix socket: the kernel's `struct ucred`, which the C library shows only to GNU sources.
struct Peer: Sendable {
    var pid: pid_t
    var uid: uid_t
    var gid: gid_t
}

/// One request's context; it keeps the connection, to ask the kernel who is at the other end.
struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Nil on another kind of socket.
    func peer() async -> Peer? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        // Only a log line depends on it.
        return try? await provider.unsafeGetSocketOption(
            level: SocketOptionLevel(SOL_SOCKET), name: SocketOptionName(SO_PEERCRED)
        ).get()
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
        let peer = await context.peer()
        context.logger.notice(
            "control request",
            metadata: [
                "request": "\(request.method) \(request.uri.path)", "status": "\(response.status.code)",
                "uid": "\(peer.map { String($0.uid) } ?? "?")", "pid": "\(peer.map { String($0.pid) } ?? "?")",
            ])
        return response
    }
}
