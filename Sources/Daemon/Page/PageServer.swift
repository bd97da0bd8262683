package import Logging
import NIOCore
package import Platform
import ServiceLifecycle
package import Settings

/// Where somebody listens.
package struct PagePlace: Sendable {
    /// Bound already; goes before `address`.
    package var descriptor: CInt?
    package var address: ListenAddress?

    package init(descriptor: CInt? = nil, address: ListenAddress? = nil) {
        self.descriptor = descriptor
        self.address = address
    }

    var isThere: Bool { descriptor != nil || address != nil }
}

/// Where the operator's page is served, to whom, and what it may do.
package struct PageSettings: Sendable {
    package var place: PagePlace
    /// By which browsers may ask, besides the loopback interface's; not where the page may act.
    package var hosts: [String]
    /// Where it may do so: a page at `place` changes nothing.
    package var actionsPlace: PagePlace
    package var actions: [Configuration.PageAction]
    /// Which they need.
    package var pin: PINHash?

    package init(
        _ place: PagePlace = PagePlace(), hosts: [String] = [], actions: [Configuration.PageAction] = [],
        pin: PINHash? = nil, at actionsPlace: PagePlace = PagePlace()
    ) {
        self.place = place
        self.hosts = hosts
        self.actions = actions
        self.pin = pin
        self.actionsPlace = actionsPlace
    }
}

/// Why there is no page though there should be one. The line does without: it is a warning.
package final class PageListening: HealthSource {
    /// Of the page, and of the one that may act.
    private let failures = Monitor<(page: String?, actions: String?)>((nil, nil))

    package init() {}

    func set(_ reason: String?, actions isActing: Bool) {
        failures.withLock { if isActing { $0.actions = reason } else { $0.page = reason } }
    }

    package var findings: [Finding] {
        let (page, actions) = failures.read(\.self)
        return [
            page.map { Finding(warning: "page", "nobody can open the operator's page: \($0)") },
            actions.map { Finding(warning: "page", "nobody can act on the operator's page: \($0)") },
        ].compactMap(\.self)
    }
}

/// The operator's page and what it shows, for browsers: a listener of its own, with nothing on it that changes anything; and where
/// the configuration allows something, another one on the loopback interface, for whoever stands at the line.
///
/// A page that cannot be served stops no line: it is tried again until the daemon ends.
package struct PageServer: Service {
    /// Browsers hold up to six connections each.
    private static let connections = 64
    private static let (streams, streamsEach) = (16, 4)
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
        let streams = Budget(Self.streams, each: Self.streamsEach)
        await withDiscardingTaskGroup { listeners in
            listeners.addTask { await serve(at: settings.place, hosts: settings.hosts, [], streams) }
            guard !settings.actions.isEmpty else { return }
            listeners.addTask { await serve(at: settings.actionsPlace, hosts: [], settings.actions, streams) }
        }
    }

    /// Until the shutdown, also where there is no page: it is a service until the end.
    private func serve(
        at place: PagePlace, hosts: [String], _ actions: [Configuration.PageAction], _ streams: Budget
    ) async {
        let isActing = !actions.isEmpty
        let routes = ControlResponder(
            routes: control.routes.forPage(streams, actions, hasPIN: isActing && settings.pin != nil),
            author: PageResponder.author)
        let listener = PageListener(
            place: place, patience: control.settings,
            responder: PageResponder(routes: routes, hosts: hosts, acting: isActing ? PINGate(settings.pin) : nil),
            connections: ControlConnections(ordinary: Self.connections), logger: logger)
        while place.isThere, !Task.isShuttingDownGracefully {
            do {
                try await listener.serve { listening.set(nil, actions: isActing) }
                if Task.isShuttingDownGracefully { return }
                listening.set("the listener ended by itself", actions: isActing)
            } catch {
                listening.set("\(error)", actions: isActing)
                logger.error("page: cannot listen", metadata: ["error": "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
        }
        try? await gracefulShutdown()
    }
}
