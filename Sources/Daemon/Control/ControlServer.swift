package import ControlProtocol
import Core
import Hummingbird
import HummingbirdCore
package import Journal
package import Logging
package import NIOCore
import NIOPosix
import Platform
import ServiceLifecycle
import Settings
package import Statistics

/// Where the control API listens, and how patient it is.
package struct ControlSettings: Sendable, Equatable {
    package var socket: String
    /// Group that may connect; nil = the daemon's own.
    package var group: String?
    package var maxConnections = 64
    /// From connecting to the complete request head; of later requests from their first byte.
    package var headerTimeout = TimeAmount.seconds(5)
    /// From the head to the complete request; also how long a reply may wait for a client that does not read.
    package var requestTimeout = TimeAmount.seconds(30)
    /// Between requests.
    package var idleTimeout = TimeAmount.seconds(30)

    package init(socket: String) {
        self.socket = socket
    }
}

/// The control API on its Unix socket.
///
/// Sits behind what it asks among the services, so it stops before them; only the shots' operations stop earlier, and it tells
/// how they ended. The socket file goes when the server ends.
/// Hummingbird's event loops do the talking, none of the daemon's own threads. Throws when the socket cannot be opened;
/// that ends the daemon. At the shutdown requests have 3 s to end, then their connections are closed.
package struct ControlServer: Service {
    let settings: ControlSettings
    let routes: ControlRoutes
    private let logger: Logger
    private let onReady: @Sendable () -> Void

    /// - Parameters:
    ///   - pins: told of parts that somebody judges.
    ///   - fate: of pictures that are not on the disk.
    ///   - plan: by which shifts are counted.
    ///   - reload: reads the configuration again.
    ///   - onReady: called once clients can connect.
    package init(
        settings: ControlSettings, station: String, times: FindingTimes, book: RecipeBook, refit: RefitService,
        line: any LineControl, verdicts: any VerdictSource, shots: ShotOperations, events: EventLog,
        stream: PartStream, desks: [OutputDesk] = [], alarms: AlarmDesk, lots: LotDesk, index: IndexService,
        pins: PinnedParts = PinnedParts(), fate: @escaping ImageStore.FateOf = { _ in nil }, plan: ShiftPlan,
        stateDirectory: String,
        logger: Logger,
        reload: @escaping @Sendable (_ author: ChangeAuthor) async throws -> ReloadReply,
        onReady: @escaping @Sendable () -> Void = {}
    ) {
        self.settings = settings
        self.logger = logger
        self.onReady = onReady
        let recent = RecentParts(source: verdicts, stateDirectory: stateDirectory)
        let pictures = VerdictPictures(source: verdicts, stateDirectory: stateDirectory, fate: fate)
        let judgements = JudgementRoutes(index: index, parts: recent, pins: pins, events: events)
        routes = ControlRoutes(
            book: book, refit: refit, line: line,
            feed: VerdictFeed(
                pictures, events: events.journal,
                streamLimit: max(1, settings.maxConnections / 2)),
            commissions: CommissionLog(source: verdicts),
            limits: LimitChecks(recent: recent), shots: shots, events: events,
            teaching: TeachDesk(
                book: book, refit: refit, stream: stream, events: events, recent: recent, logger: logger),
            // A piece has that long to come, and its answer to be read.
            imports: ImportDesk(
                book: book, refit: refit, line: line, events: events, logger: logger,
                patience: .nanoseconds(2 * settings.requestTimeout.nanoseconds)),
            station: station, times: times, io: IORoutes(desks: desks, events: events),
            statistics: StatisticsRoutes(
                index: index, verdicts: verdicts, plan: plan, events: events, station: station
            ) { camera, recipe in
                guard let reading = line.cameraReadings.first(where: { $0.name == camera }),
                    let height = reading.frameHeight, let width = reading.frameWidth,
                    let entry = try? book.entry(recipe)
                else { return nil }
                let area = entry.settings.area.rectangle(in: PixelSize(height: height, width: width))
                return RegionsReply.Area(x: area.x, y: area.y, width: area.width, height: area.height)
            },
            judgements: judgements,
            candidates: CandidateRoutes(book: book, judgements: judgements, events: events),
            alarms: AlarmRoutes(desk: alarms, events: events),
            lots: LotRoutes(desk: lots, events: events),
            nearest: NearestRoutes(desk: NearestDesk(book: book, pictures: pictures, parts: recent)), reload: reload)
    }

    package func run() async throws {
        let socket = ControlSocket(path: settings.socket, group: settings.group)
        try socket.prepare()
        // The server tells of itself by a callback that cannot throw: an error goes this way.
        let refusal = Monitor<ControlSocketError?>(nil)
        let responder = ControlResponder(routes: routes.all)
        let connections = ControlConnections(ordinary: settings.maxConnections)
        let application = Application(
            responder: responder,
            server: HTTPServerBuilder { http in
                ControlChannel(responder: http, settings: settings, routes: responder, connections: connections)
            },
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: settings.socket)),
            onServerRunning: { channel in
                do throws(ControlSocketError) {
                    // Bound by now, but the group connects only once the file has its owner and mode: ready comes after.
                    try socket.open()
                    onReady()
                } catch {
                    refusal.withLock { $0 = error }
                    channel.close(promise: nil)
                }
            },
            logger: logger)
        // Also after an error: a file that nobody listens at would look like a daemon.
        defer { socket.remove() }
        do {
            try await application.run()
        } catch {
            // What the server says of a channel that was closed is not why it was.
            if let refusal = refusal.read(\.self) { throw refusal }
            guard let error = error as? IOError else { throw error }
            throw ControlSocketError.operationFailed("bind", path: settings.socket, errno: error.errnoCode)
        }
        if let refusal = refusal.read(\.self) { throw refusal }
    }
}
