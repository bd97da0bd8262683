import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Platform
import ServiceLifecycle

/// TCP connections of browsers, on a socket that was passed in or on one of its own.
struct PageListener: Sendable {
    /// For a browser to acknowledge what was sent: one that has no power any more keeps no stream's place.
    private static let silence = 20_000

    let place: PagePlace
    let patience: ControlSettings
    let responder: PageResponder
    let connections: ControlConnections
    let logger: Logger

    /// Until the graceful shutdown, or until there is an error.
    func serve(onListening: () -> Void) async throws {
        let channel = ControlChannel(
            responder: answer, settings: patience, routes: responder.routes, connections: connections)
        let server = try await bound(channel)
        onListening()
        let address = server.channel.localAddress.map { "\($0)" } ?? "?"
        logger.notice("the operator's page is served", metadata: ["address": "\(address)"])
        try await withGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { clients in
                try await server.executeThenClose { accepted in
                    for try await connection in accepted {
                        clients.addTask { await channel.handle(value: connection, logger: logger) }
                    }
                }
                connections.closeAll()
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
    }

    private func bound(_ clients: ControlChannel) async throws -> NIOAsyncChannel<ControlChannel.Connection, Never> {
        let bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: Self.silence)
        let setup = { @Sendable (channel: any Channel) in clients.setup(channel: channel, logger: logger) }
        if let passed = place.descriptor {
            // Closed with the listener, which may be tried again.
            let own = fcntl(passed, F_DUPFD_CLOEXEC, 0)
            guard own >= 0, fcntl(own, F_SETFL, fcntl(own, F_GETFL) | O_NONBLOCK) == 0 else {
                throw IOError(errnoCode: errno, reason: "duplicate the page's socket")
            }
            return try await bootstrap.bind(own, childChannelInitializer: setup)
        }
        let (host, port) = (place.address?.host ?? "127.0.0.1", place.address?.port ?? 0)
        return try await bootstrap.bind(host: host, port: port, childChannelInitializer: setup)
    }

    @Sendable private func answer(
        _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        let context = ControlContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        let response = try await responder.respond(to: request, context: context)
        try await writer.write(response: response.head, body: response.body)
    }
}
