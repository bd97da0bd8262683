import Core
public import Logging
import NIOCore
import ServiceLifecycle

/// The whole daemon: its services in dependency order. Later ones need earlier ones, and stop before them.
public struct DaemonServices {
    private let group: ServiceGroup

    /// - Throws: ``MethodError`` when the configured backbone or method cannot be used; `StoreError` and `DiskError` when
    ///   the state directory cannot.
    public init(_ configuration: Configuration, logger: Logger) throws {
        let method = try ConfiguredMethod(configuration)
        let stateDirectory = configuration.stateDirectory
        let models = ModelSlot()
        let journal = VerdictJournal(
            stateDirectory: stateDirectory, settings: JournalSettings(configuration.journal), logger: logger)
        let images = ImageStore(stateDirectory: stateDirectory, settings: configuration.images, logger: logger)
        let line = InspectionLine(
            configuration: configuration, models: models, journal: journal, images: images, logger: logger)
        let recipe = try Recipe<FittedModel>(
            stateDirectory: stateDirectory, name: configuration.recipe.name, kind: method.kind, logger: logger
        ) { generation in
            models.activate(method.active(generation))
        }
        let refit = RefitService(recipe: recipe, logger: logger, fit: method.fitter)
        let control = ControlServer(
            settings: ControlSettings(configuration.control), recipe: recipe, refit: refit, verdicts: journal,
            stateDirectory: stateDirectory, logger: logger, line: { line.readings })
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [line, refit, control], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    }

    /// Runs until SIGTERM or SIGINT.
    public func run() async throws {
        try await group.run()
    }

    /// Whether a daemon could start with this configuration, as far as that can be told without starting one.
    public static func check(_ configuration: Configuration) throws {
        _ = try ConfiguredMethod(configuration)
    }
}

extension ConfiguredMethod {
    /// A generation as the line uses it.
    fileprivate func active(_ generation: Recipe<FittedModel>.Active) -> ActiveModel {
        ActiveModel(
            generation: generation.generation, model: generation.model, backbone: backbone, inputSize: inputSize,
            parallelism: parallelism)
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
