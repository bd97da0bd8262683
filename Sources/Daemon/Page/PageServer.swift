package import Logging
import NIOCore
package import Platform
import ServiceLifecycle

/// Where the operator's page is served, and to whom.
package struct PageSettings: Sendable {
    /// Bound already; goes before `address`.
    package var descriptor: CInt?
    package var address: ListenAddress?
    /// By which browsers may ask, besides the loopback interface's.
    package var hosts: [String]

    package init(descriptor: CInt? = nil, address: ListenAddress? = nil, hosts: [String] = []) {
        self.descriptor = descriptor
        self.address = address
        self.hosts = hosts
    }
}

/// Why there is no page though there should be one. The line does without: it is a warning.
package final class PageListening: HealthSource {
    private let failure = Monitor<String?>(nil)

    package init() {}

    func set(_ reason: String?) { failure.withLock { $0 = reason } }

    package var findings: [Finding] {
        failure.read(\.self).map { [Finding(warning: "page", "nobody can open the operator's page: \($0)")] } ?? []
    }
}

/// The operator's page and what it shows, for browsers: a listener of its own, with nothing on it that changes anything.
///
/// A page that cannot be served stops no line: it is tried again until the daemon ends.
package struct PageServer: Service {
    /// Browsers hold up to six connections each.
    private static let connections = 64
    private static let streams = 16
    /// Between two tries.
    private static let pause = Duration.seconds(2)

    private let settings: PageSettings
    private let control: ControlServer
    private let listening: PageListening
    private let logger: Logger

    package init(_ settings: PageSettings, control: ControlServer, listening: PageListening, logger: Logger) {
        self.settings = settings
        self.control = control
        self.listening = listening
        self.logger = logger
    }

    package func run() async throws {
        let routes = ControlResponder(routes: control.routes.forPage(Budget(Self.streams)))
        let listener = PageListener(
            settings: settings, patience: control.settings,
            responder: PageResponder(routes: routes, hosts: settings.hosts),
            connections: ControlConnections(ordinary: Self.connections), logger: logger)
        while settings.descriptor != nil || settings.address != nil, !Task.isShuttingDownGracefully {
            do {
                try await listener.serve { listening.set(nil) }
                if Task.isShuttingDownGracefully { return }
                listening.set("the listener ended by itself")
            } catch {
                listening.set("\(error)")
                logger.error("page: cannot listen", metadata: ["error": "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
        }
        // Also where there is no page: it is a service until the end.
        try? await gracefulShutdown()
    }
}
