import Core
public import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The daemon, put together: what there is, and who knows whom.
public struct DaemonServices {
    private let services: [any Service]
    private let logger: Logger

    /// Loads the weights and opens the state directory; the caller holds the ``InstanceLock``.
    ///
    /// Damaged weights do not keep the daemon down: every part then gets INVALID, and everybody is told why.
    ///
    /// - Throws: ``MethodError`` when the configuration is wrong; ``StoreError``, ``DiskError``.
    public init(_ configuration: Configuration, logger: Logger) throws {
        self.logger = logger
        let directory = configuration.stateDirectory
        let method = try Self.usableMethod(configuration)
        let models: ModelSlot
        switch method {
        case .success: models = ModelSlot()
        case .failure(let error):
            logger.error("no part can be judged", metadata: ["error": "\(error)"])
            models = ModelSlot(absence: error.description)
        }
        let recipe = try Recipe<FittedModel>(
            stateDirectory: directory, name: configuration.recipe.name, kind: method.kind, logger: logger
        ) { active in
            if case .success(let method) = method { models.activate(method.activeModel(active)) }
        }
        let journal = VerdictJournal(
            stateDirectory: directory, settings: JournalSettings(configuration.journal), logger: logger)
        let images = ImageStore(stateDirectory: directory, settings: configuration.images, logger: logger)
        let line = InspectionLine(
            configuration: configuration, models: models, journal: journal, images: images, logger: logger)
        let refit = RefitService(recipe: recipe, logger: logger, fit: method.fitter)
        let control = ControlServer(
            settings: ControlSettings(configuration.control), recipe: recipe, refit: refit, verdicts: journal,
            stateDirectory: directory, logger: logger, line: { line.readings })
        // Each needs those before it; the last is the first to stop.
        services = [line, refit, control]
    }

    /// The configured method, or why its weights cannot be used; any other fault is thrown.
    private static func usableMethod(
        _ configuration: Configuration
    ) throws(MethodError) -> Result<ConfiguredMethod, MethodError> {
        do {
            return .success(try ConfiguredMethod(configuration))
        } catch {
            guard case .weights = error else { throw error }
            return .failure(error)
        }
    }

    /// Whether a daemon could start with this configuration, as far as can be told without touching anything.
    ///
    /// - Throws: ``MethodError``.
    public static func check(_ configuration: Configuration) throws(MethodError) {
        _ = try ConfiguredMethod(configuration)
    }

    /// Runs until SIGTERM or SIGINT.
    public func run() async throws {
        var group = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // A part that hangs keeps the daemon no longer than systemd's patience.
        group.maximumGracefulShutdownDuration = .seconds(20)
        try await ServiceGroup(configuration: group).run()
    }
}

extension Result<ConfiguredMethod, MethodError> {
    /// Without weights no stored model is of the kind in use.
    fileprivate var kind: ModelKind {
        switch self {
        case .success(let method): method.kind
        case .failure: ModelKind(backbone: "none", method: "none")
        }
    }

    fileprivate var fitter: RefitService<FittedModel>.Fitter {
        switch self {
        case .success(let method): method.fitter
        case .failure(let error): { _, _, _ in throw error }
        }
    }
}

extension ConfiguredMethod {
    fileprivate func activeModel(_ active: Recipe<FittedModel>.Active) -> ActiveModel {
        ActiveModel(
            generation: active.generation, model: active.model, backbone: backbone, inputSize: inputSize,
            parallelism: Parallelism(threads: computeThreads))
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
