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

    /// Of the connection that a request came by; nil on another kind of socket.
    @TaskLocal static var current: Peer?
}

/// One request's context.
struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who asks; nil on another kind of socket.
    let peer: Peer?
    /// The address of the computer that asks; nil = this one, whose connections have one address at both ends.
    let computer: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = Peer.current
        let (here, there) = (source.channel.localAddress?.ipAddress, source.channel.remoteAddress?.ipAddress)
        computer = here == there ? nil : there
    }
}

/// Logs who asked for a change, and what came of it, also of what was refused: it stands outside of ``ErrorEnvelope``.
/// Reading is not logged; triggers are in the journal, and a module's signs of life are no changes.
struct ChangeLog {
    private static let unlogged: Set = [ControlPath.trigger, ControlPath.ioModule]

    func handle(
        _ request: Request, context: ControlContext, next: (Request, ControlContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        guard request.method != .get, request.method != .head, !Self.unlogged.contains(request.uri.path) else {
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
