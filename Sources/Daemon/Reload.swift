import ControlProtocol
import Logging
import Platform
import ServiceLifecycle
package import Settings
import TOML

/// Reads the configuration again and applies what can be applied between two frames.
///
/// One for the daemon; asked by SIGHUP and by the control socket. All or nothing up to the point where recipes are
/// taken over: from there on nothing fails, and the cameras follow one by one. What only a start applies is named and
/// left.
actor ConfigurationReload {
    private let path: String
    private let book: RecipeBook
    private let refit: RefitService
    private let line: InspectionLine
    private let journal: VerdictJournal
    private let events: EventLog
    private let logger: Logger
    /// What is in use: keys that need a restart keep their old values, and are named again at each reload.
    private var current: Configuration
    /// An actor is re-entered at each await: this keeps the second one out.
    private var isReloading = false

    init(
        _ configuration: Configuration, path: String, book: RecipeBook, refit: RefitService,
        line: InspectionLine, journal: VerdictJournal, events: EventLog, logger: Logger
    ) {
        current = configuration
        self.path = path
        self.book = book
        self.refit = refit
        self.line = line
        self.journal = journal
        self.events = events
        self.logger = logger
    }

    /// - Parameter author: who asks.
    func reload(by author: ChangeAuthor) async throws -> ReloadReply {
        guard !isReloading else { throw ReloadError.inProgress }
        isReloading = true
        defer { isReloading = false }
        do {
            let new = try await WorkLane.slow.run { [path] in try Configuration.load(path: path) }
            let reply = try await apply(new, author)
            logger.notice(
                "configuration read again",
                metadata: [
                    "applied": "\(reply.applied.joined(separator: "; "))",
                    "needs_restart": "\(reply.needsRestart.joined(separator: ", "))",
                ])
            return reply
        } catch {
            let refusal = Self.refusal(error)
            logger.error("configuration refused", metadata: ["error": "\(refusal)"])
            throw refusal
        }
    }

    private func apply(_ new: Configuration, _ author: ChangeAuthor) async throws -> ReloadReply {
        let needsRestart = try current.keysForRestart(new)
        var next = current
        (next.cameras, next.recipes, next.log) = (new.cameras, new.recipes, new.log)
        var applied = try await WorkLane.slow.run { [book, events, current, next] in
            try events.record(by: author) {
                try .reload(current, next)
            } _: {
                try book.reload(next.recipes, from: current.cameras, to: next.cameras)
            }
        }
        if new.log.level != current.log.level {
            LogLevel.ofAll = new.log.level.ofLogger
            applied.append("log level \(new.log.level.rawValue)")
        }
        // Asked again within: an operator may choose another recipe while a camera is being stopped.
        applied += await line.apply { setups(new) }
        refit.requestWhatIsDue()
        current = next
        return ReloadReply(applied: applied, needsRestart: needsRestart)
    }

    private nonisolated func setups(_ configuration: Configuration) -> [CameraSetup] {
        configuration.cameras.map { camera in
            CameraSetup(
                camera, recipe: book.lineRecipe(for: camera),
                recipeNamed: { [book] in book.lineRecipe(named: $0) }, journal: journal)
        }
    }

    private static func refusal(_ error: any Error) -> any Error {
        switch error {
        case let error as ConfigurationError: ReloadError.configuration(error)
        case let error as MethodError: ReloadError.method(error)
        default: error
        }
    }
}

extension Configuration {
    /// Keys that differ and are read at the start only: `control.socket`.
    /// Told by what the tables encode to, so that a new key needs no line here. None of their values has a fraction.
    package func keysForRestart(_ new: Configuration) throws -> [String] {
        let top = [
            ("state_directory", stateDirectory != new.stateDirectory),
            ("models_directory", modelsDirectory != new.modelsDirectory),
            ("compute_threads", computeThreads != new.computeThreads),
            ("line_io", lineIO != new.lineIO),
            ("precision", precision != new.precision),
            ("fit_memory_bytes", fitMemoryBytes != new.fitMemoryBytes),
        ]
        // Nothing encodes a list there.
        let lists = [
            ("page.listen", page.listen != new.page.listen), ("page.hosts", page.hosts != new.page.hosts),
            ("statistics.time_zone", statistics.timeZone != new.statistics.timeZone),
            ("statistics.shifts", statistics.shifts != new.statistics.shifts), ("alarm", alarm != new.alarm),
        ]
        return try (top + lists).filter(\.1).map(\.0) + Self.changes("station", station, new.station)
            + Self.changes("control", control, new.control) + Self.changes("journal", journal, new.journal)
            + Self.changes("images", images, new.images)
    }

    private static func changes(_ table: String, _ old: some Encodable, _ new: some Encodable) throws -> [String] {
        let (old, new) = (try values(old), try values(new))
        return old.keys.filter { old[$0] != new[$0] }.sorted().map { "\(table).\($0)" }
    }

    private static func values(_ table: some Encodable) throws -> [String: ControlValue] {
        try ControlCoding.decode([String: ControlValue].self, from: ControlCoding.encode(table))
    }
}

/// SIGHUP reads the configuration again; a refusal is logged, and nothing else happens.
struct HangUpService: Service {
    let signals: AsyncStream<Void>
    let reload: @Sendable (_ author: ChangeAuthor) async throws -> ReloadReply

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            // Logged where it happens.
            _ = try? await reload(.signal)
        }
    }
}
