import ControlProtocol
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
    /// Weights that cannot be read do not keep the daemon from starting: each part gets its INVALID line, and the status
    /// says why.
    ///
    /// - Throws: ``MethodError`` but for `weights`, ``StoreError``, ``DiskError``.
    public init(_ configuration: Configuration, logger: Logger) throws {
        self.logger = logger
        let directory = configuration.stateDirectory
        let method = try Self.method(configuration, logger)
        // Which kind of model is right cannot be told without the weights.
        let kind = try? method.get().kind
        let models = ModelSlot()
        let recipe = try Recipe<FittedModel>(
            stateDirectory: directory, name: configuration.recipe.name, kind: kind, logger: logger
        ) { active in
            guard case .success(let method) = method else { return }
            models.activate(method.activeModel(active))
        }
        let journal = VerdictJournal(
            stateDirectory: directory, settings: JournalSettings(configuration.journal), logger: logger)
        let images = ImageStore(stateDirectory: directory, settings: configuration.images, logger: logger)
        let line = InspectionLine(
            configuration: configuration, models: models, journal: journal, images: images, logger: logger)
        let refit = RefitService(recipe: recipe, logger: logger) { shots, progress, isCancelled in
            try method.get().fitter(shots, progress, isCancelled)
        }
        let control = ControlServer(
            settings: ControlSettings(configuration.control), recipe: recipe, refit: refit, verdicts: journal,
            stateDirectory: directory, logger: logger, line: { line.readings.explained(by: method) })
        // Each needs those before it; the last is the first to stop.
        services = [line, refit, control]
    }

    private static func method(
        _ configuration: Configuration, _ logger: Logger
    ) throws(MethodError) -> Result<ConfiguredMethod, MethodError> {
        do {
            return .success(try ConfiguredMethod(configuration))
        } catch .weights(let error) {
            logger.error("every part is INVALID: the backbone does not load", metadata: ["error": "\(error)"])
            return .failure(.weights(error))
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

extension LineReadings {
    /// With weights that do not load, that is why there is no model.
    fileprivate func explained(by method: Result<ConfiguredMethod, MethodError>) -> LineReadings {
        guard state == .noModel, case .failure(let error) = method else { return self }
        var readings = self
        readings.reason = "\(error): put the weights right and start fsacd again"
        return readings
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
