import ControlProtocol
import Core
package import Logging
import NIOCore
import Platform
import ServiceLifecycle
package import Settings
import UnixSignals

/// The daemon, put together: what there is, and who knows whom. Every service is in one list; none starts another.
package struct DaemonServices: Sendable {
    private let services: [any Service]
    private let logger: Logger

    /// Loads the weights and opens the state directory; the caller holds the ``InstanceLock``.
    ///
    /// Takes seconds, on the thread that starts the daemon, before systemd hears of READY: nothing runs yet that could
    /// wait for it.
    ///
    /// Damaged weights do not keep the daemon down: every part then gets INVALID, and everybody is told why.
    ///
    /// - Parameters:
    ///   - path: of the configuration's file, to read it again.
    ///   - notifier: tells systemd that the daemon is ready, and how it is.
    ///   - sinks: told of each verdict.
    /// - Throws: ``MethodError`` when the configuration is wrong; ``StoreError``, ``DiskError``.
    package init(
        _ configuration: Configuration, path: String, logger: Logger, notifier: ServiceNotifier = ServiceNotifier(),
        sinks: [any VerdictSink] = []
    ) throws {
        self.logger = logger
        let directory = configuration.stateDirectory
        let shelf = BackboneShelf(modelsDirectory: configuration.modelsDirectory, stateDirectory: directory)
        let (threads, fitMemory) = (configuration.computeThreads, configuration.fitMemoryBytes)
        let memory = fitMemory > 0 ? fitMemory : MemoryLimit.bytes() / 2
        logger.info("a fit may take so much memory", metadata: ["bytes": "\(memory)"])
        let book = try RecipeBook(
            stateDirectory: directory, tables: configuration.recipes, logger: logger
        ) { table in
            try Self.method(table, computeThreads: threads, fitMemoryBytes: memory, shelf: shelf)
        }
        let journal = VerdictJournal(
            stateDirectory: directory, settings: JournalSettings(configuration.journal), logger: logger)
        let images = ImageStore(stateDirectory: directory, settings: configuration.images, logger: logger)
        // Lanes are open from here on; their cameras come with the capture service.
        let line = InspectionLine(
            cameras: configuration.cameras.map { camera in
                CameraSetup(camera, recipe: book.lineRecipe(for: camera), journal: journal)
            }, stateDirectory: directory, journal: journal, images: images, logger: logger)
        let refit = RefitService(book: book, logger: logger)
        let reloading = ConfigurationReload(
            configuration, path: path, book: book, refit: refit, line: line, journal: journal, logger: logger)
        let shots = ShotOperations(
            line: line, refit: refit, verdicts: journal, stateDirectory: directory,
            shotQualityPercent: configuration.images.jpegQualityPercent, logger: logger)
        let control = ControlServer(
            settings: ControlSettings(configuration.control), book: book, refit: refit, line: line, verdicts: journal,
            shots: shots, stateDirectory: directory, logger: logger,
            reload: { try await Self.reload(reloading, notifier) }, onReady: { notifier.ready() })
        let supervision = SupervisionService(
            notifier: notifier, watchdogPeriod: ServiceNotifier.watchdogPeriod, logger: logger,
            statusLine: { line.readings.statusLine }, stalledLoop: { line.stalledLoop(after: $0) })
        // Each needs those before it, and the last is the first to stop: the cameras stop, what waits is inspected, the
        // pictures are written, the journal is synced. The shots' operations stop before the control server does: it tells who
        // waits for one how it ended.
        services = [
            journal, images, InspectionService(line, sinks: sinks), CaptureService(line), refit, control, shots,
            HangUpService { try await Self.reload(reloading, notifier) }, supervision,
        ]
    }

    /// Systemd is told that it is over however it went: what ran goes on.
    private static func reload(
        _ reloading: ConfigurationReload, _ notifier: ServiceNotifier
    ) async throws -> ReloadReply {
        notifier.reloading()
        defer { notifier.ready() }
        return try await reloading.reload()
    }

    /// The method of a recipe, or one that says why its weights cannot be used; any other fault is thrown.
    private static func method(
        _ table: Configuration.RecipeSettings, computeThreads: Int, fitMemoryBytes: Int, shelf: BackboneShelf
    ) throws(MethodError) -> RecipeMethod {
        do {
            return RecipeMethod(
                try ConfiguredMethod(table, computeThreads: computeThreads, shelf: shelf),
                fitMemoryBytes: fitMemoryBytes
            )
        } catch {
            guard case .weights = error else { throw error }
            return RecipeMethod(unusable: error)
        }
    }

    /// Runs until SIGTERM or SIGINT.
    package func run() async throws {
        var group = ServiceGroupConfiguration(
            services: services.map {
                // Also when one fails, the others end in order.
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // A part that hangs keeps the daemon no longer than systemd's patience.
        group.maximumGracefulShutdownDuration = .seconds(20)
        try await ServiceGroup(configuration: group).run()
    }
}

extension JournalSettings {
    fileprivate init(_ configuration: Configuration.Journal) {
        self.init()
        segmentBytes = configuration.segmentBytes
        maxBytes = configuration.maxBytes
        syncsEachLine = configuration.durability == .each
    }
}

extension ControlSettings {
    fileprivate init(_ configuration: Configuration.Control) {
        self.init(socket: configuration.socket)
        group = configuration.socketGroup.isEmpty ? nil : configuration.socketGroup
        maxConnections = configuration.maxConnections
        headerTimeout = .seconds(Int64(configuration.headerTimeoutSeconds))
        requestTimeout = .seconds(Int64(configuration.requestTimeoutSeconds))
        idleTimeout = .seconds(Int64(configuration.idleTimeoutSeconds))
    }
}
