import ControlProtocol
import Core
import Glibc
package import Logging
import NIOCore
import Platform
import ServiceLifecycle
package import Settings
import Statistics

/// The daemon, put together: what there is, and who knows whom. Every service is in one list; none starts another.
package struct DaemonServices: Sendable {
    private let services: [(name: String, service: any Service)]
    private let journal: VerdictJournal
    private let hangUps: AsyncStream<Void>.Continuation
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
    ///   - lock: on the state directory.
    ///   - notifier: tells systemd that the daemon is ready, and how it is.
    ///   - sinks: told of each verdict.
    /// - Throws: ``MethodError`` when the configuration is wrong; ``StoreError``, ``DiskError``.
    package init(
        _ configuration: Configuration, path: String, lock: InstanceLock, logger: Logger,
        notifier: ServiceNotifier = ServiceNotifier(),
        sinks: [any VerdictSink] = []
    ) throws {
        self.logger = logger
        let directory = configuration.stateDirectory
        let shelf = BackboneShelf(
            modelsDirectory: configuration.modelsDirectory, stateDirectory: directory,
            precision: configuration.precision)
        let (threads, fitMemory) = (configuration.computeThreads, configuration.fitMemoryBytes)
        // With the unit's 2 GiB the daemon and a fit stay below 1 GB.
        let memory = fitMemory > 0 ? fitMemory : MemoryLimit.bytes() / 3
        logger.info("a fit may take so much memory", metadata: ["bytes": "\(memory)"])
        let book = try RecipeBook(
            stateDirectory: directory, tables: configuration.recipes, logger: logger
        ) { table in
            try Self.method(table, computeThreads: threads, fitMemoryBytes: memory, shelf: shelf)
        }
        // What is made in the journal's folder is made in this daemon's: the path may name another one's by now.
        let disk = Disk().guarded { operation, _ in
            guard operation == .open || operation == .rename else { return nil }
            return (try? lock.renew(logger)) == nil ? ESTALE : nil
        }
        journal = VerdictJournal(
            stateDirectory: directory, settings: JournalSettings(configuration.journal), disk: disk, logger: logger)
        let events = EventLog(EventJournal(stateDirectory: directory, disk: disk, logger: logger))
        let images = ImageStore(
            stateDirectory: directory, settings: configuration.images, events: events, logger: logger)
        let index = IndexService(
            stateDirectory: directory, verdicts: journal, events: events.journal,
            minFreeBytes: configuration.images.minFreeBytes, logger: logger)
        let check = JournalCheck(stateDirectory: directory, logger: logger)
        let stream = PartStream(
            stateDirectory: directory, minFreeBytes: configuration.images.minFreeBytes, logger: logger)
        for entry in book.entries {
            guard let generation = entry.recipe.view.active?.generation else { continue }
            stream.expect(entry.name, generation: generation)
        }
        // The book and the journal have made their folders by now.
        let storage = StorageWatch(stateDirectory: directory)
        let times = FindingTimes()
        let listening = PageListening()
        let refit = RefitService(book: book, events: events, logger: logger)
        let alarms = AlarmDesk(
            configuration.alarm, cameras: configuration.cameras.map(\.name), stateDirectory: directory,
            verdicts: journal, logger: logger)
        let lots = LotDesk(
            cameras: configuration.cameras.map(\.name), stateDirectory: directory, logger: logger)
        let desks = configuration.lineIO.map { OutputDesk($0) }
        // Lanes are open from here on; their cameras come with the capture service.
        let line = InspectionLine(
            cameras: configuration.cameras.map { [journal] camera in
                CameraSetup(
                    camera, recipe: book.lineRecipe(for: camera),
                    recipeNamed: { [book] in book.lineRecipe(named: $0) }, journal: journal)
            }, storage: storage, journal: journal, check: check, images: images, stream: stream, desks: desks,
            alarms: alarms, lots: lots,
            others: [refit, events.journal, stream, index, ControlLane(), listening], logger: logger)
        let reloading = ConfigurationReload(
            configuration, path: path, book: book, refit: refit, line: line, journal: journal, events: events,
            logger: logger)
        let shots = ShotOperations(
            line: line, refit: refit, events: events, verdicts: journal, stateDirectory: directory,
            shotQualityPercent: configuration.images.jpegQualityPercent, logger: logger)
        let control = ControlServer(
            settings: ControlSettings(configuration.control), station: configuration.station.title, times: times,
            book: book, refit: refit, line: line, verdicts: journal,
            shots: shots, events: events, stream: stream, desks: desks, alarms: alarms, lots: lots, index: index,
            pins: images.pins, fate: { [images] in images.fate(of: $0) }, plan: ShiftPlan(configuration.statistics),
            stateDirectory: directory, logger: logger,
            reload: { try await Self.reload(reloading, notifier, $0) }, onReady: { notifier.ready() })
        let (page, passed) = (configuration.page, PassedSockets(logger))
        let pageServer = PageServer(
            PageSettings(
                PagePlace(descriptor: passed.page, address: page.address), hosts: page.hosts, actions: page.allowed,
                pin: page.pinHash, at: PagePlace(descriptor: passed.actions, address: page.actionsAddress)),
            control: control, listening: listening, logger: logger)
        let supervision = SupervisionService(
            notifier: notifier, watchdogPeriod: ServiceNotifier.watchdogPeriod, logger: logger,
            health: {
                let health = line.readings.health
                times.see(health)
                return health
            }, stalledLoop: { line.stalledLoop(after: $0) })
        // Which program judges by what from here on; also what a kill between an event and its change has left.
        events.begin(.start(book, line.cameraReadings, configuration: try configuration.digest))
        let signals: AsyncStream<Void>
        // One that is asked for during another is one more; of several, one.
        (signals, hangUps) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        // Each needs those before it, and the last is the first to stop: the cameras stop, what waits is inspected, the
        // pictures are written, the journal is synced. The shots' operations stop before the control server does: it
        // tells who waits for one how it ended.
        services = [
            ("lock", InstanceLockService(lock: lock, logger: logger)), ("journal", journal), ("events", events.journal),
            // Its thread has a low priority: beside an inspection that goes on it would not come to its end.
            ("index", index), ("verification", check),
            ("anchors", AnchorService(verdicts: journal, events: events, logger: logger)), ("pictures", images),
            ("kept parts", stream),
            ("alarms", AlarmService(alarms, events: events, logger: logger)),
            ("outputs", OutputService(line, events: events, logger: logger)),
            ("inspection", InspectionService(line, sinks: sinks)),
            ("cameras", CaptureService(line)), ("fits", refit), ("control", control), ("page", pageServer),
            ("normal shots", shots),
            ("reload", HangUpService(signals: signals) { try await Self.reload(reloading, notifier, $0) }),
            ("storage", storage),
            ("diary", LineDiary(events: events) { line.readings.health }), ("supervision", supervision),
        ]
    }

    /// Systemd is told that it is over however it went: what ran goes on.
    private static func reload(
        _ reloading: ConfigurationReload, _ notifier: ServiceNotifier, _ author: ChangeAuthor
    ) async throws -> ReloadReply {
        notifier.reloading()
        defer { notifier.reloaded() }
        return try await reloading.reload(by: author)
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

    /// From here on SIGHUP does not end the process: a reload that is asked for is done once the daemon runs.
    package static func holdReloads() { Signals.trap(SIGHUP) }

    /// Runs until SIGTERM or SIGINT, or until a service fails.
    ///
    /// - Parameter lastResort: ends the process when something does not stop, 10 s after a signal at the latest and 5 s
    ///   after a failure. Called on a thread of its own, with everything that was shown synced or said to be in danger.
    /// - Throws: what the first service that failed did.
    package func run(lastResort: @escaping @Sendable (ShutdownError) -> Never) async throws {
        let shutdown = Shutdown()
        let group = ServiceGroup(
            services: services.map { name, service in
                ServiceInTurn(name: name, service: service, shutdown: shutdown, logger: logger)
            }, logger: logger)
        // Before anything can fail, and on threads: it must not depend on what it sees to the end of.
        NamedThread.start("fsac-end") { [journal] in
            shutdown.oversee(
                stop: { Task { await group.triggerGracefulShutdown() } }, sync: { journal.sync(within: $0) },
                lastResort: lastResort)
        }
        Signals.trap(SIGTERM, SIGINT, SIGHUP)
        NamedThread.start("fsac-signals") { [hangUps] in
            while true {
                switch Signals.next() {
                case SIGHUP: hangUps.yield()
                default: shutdown.request()
                }
            }
        }
        try await group.run()
        shutdown.finish()
        if let failure = shutdown.failure { throw failure }
    }
}

extension ShiftPlan {
    fileprivate init(_ statistics: Configuration.Statistics) {
        self.init(
            zone: statistics.zone, shifts: statistics.shifts.map { Shift(name: $0.name, minute: $0.minute) })
    }
}

extension JournalSettings {
    fileprivate init(_ configuration: Configuration.Journal) {
        self.init()
        segmentBytes = configuration.segmentBytes
        maxBytes = configuration.maxBytes
        syncsEachLine = configuration.durability == .each
        keepsVerdictsInMemory = configuration.onStorageFailure == .goOn
        patience = .milliseconds(configuration.syncDeadlineMilliseconds)
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
