public import ControlProtocol
public import Core
public import Logging
public import ServiceLifecycle

/// Fits models beside inspection: on a thread of its own at lower priority, one fit at a time.
///
/// A request during a fit makes one more fit after it, with all shots there are by then. A fit that fails leaves the
/// model in use alone.
public final class RefitService<Model: StoredModel>: Service {
    public typealias Fitter =
        @Sendable (
            _ shots: [Shot], _ progress: @escaping (Double) -> Void, _ isCancelled: @escaping () -> Bool
        ) throws -> Model

    private struct State {
        var requested: UInt64 = 0
        var done: UInt64 = 0
        /// Of the fit that runs.
        var progress = 0.0
        /// Why the latest fit failed.
        var failure: String?
        var isStopping = false
    }

    private let recipe: Recipe<Model>
    private let fit: Fitter
    private let logger: Logger
    private let state = Monitor(State())

    public init(recipe: Recipe<Model>, logger: Logger, fit: @escaping Fitter) {
        self.recipe = recipe
        self.logger = logger
        self.fit = fit
    }

    /// Asks for a fit with the shots as they are now, and returns at once.
    @discardableResult
    public func request() -> FitReply {
        state.withLock { $0.requested += 1 }
        return status
    }

    public var status: FitReply {
        state.read { state in
            let (requested, done) = (state.requested, state.done)
            if requested > done {
                return FitReply(state: .fitting, progress: state.progress, request: requested, done: done)
            }
            return FitReply(
                state: state.failure == nil ? .idle : .failed, message: state.failure, request: requested, done: done)
        }
    }

    /// Fits what is asked for until the shutdown, which cancels a running fit; begins with the fit that a crash may have
    /// cut off.
    public func run() async {
        if recipe.view.isFitDue { request() }
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-refit", niceness: 10) { self.fitWhatIsAskedFor() }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
        }
    }

    private func fitWhatIsAskedFor() {
        while let request = nextRequest() {
            let failure = fitOnce()
            state.withLock { state in
                state.done = request
                state.progress = 0
                state.failure = failure
            }
        }
    }

    /// The newest request that is not done; blocks until there is one. Nil = the daemon stops.
    private func nextRequest() -> UInt64? {
        let next = state.wait { state -> UInt64?? in
            if state.isStopping { return .some(nil) }
            return state.requested > state.done ? .some(state.requested) : nil
        }
        return next ?? nil
    }

    private func decoded(_ normal: StoredNormal) throws(StoreError) -> Shot {
        do {
            let bytes = try recipe.bytes(of: normal)
            return Shot(sha256: normal.sha256, image: try ShotPicture(checking: bytes).image)
        } catch {
            throw .normalUnreadable(sha256: normal.sha256, reason: "\(error)")
        }
    }

    /// Says why it failed; nil = the new model is in use.
    private func fitOnce() -> String? {
        do {
            let shots = try recipe.view.normals.map(decoded)
            guard !shots.isEmpty else { throw StoreError.noModel }
            let start = ContinuousClock.now
            let model = try fit(
                shots,
                { [state] progress in state.withLock { $0.progress = progress } },
                { [state] in state.read(\.isStopping) })
            let active = try recipe.install(model)
            logger.notice(
                "model fitted",
                metadata: [
                    "generation": "\(active.generation)", "shots": "\(shots.count)", "limit": "\(active.limit)",
                    "seconds": "\(Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000)",
                ])
            return nil
        } catch {
            if state.read(\.isStopping) {
                logger.notice("fit cancelled by the shutdown, the next start makes it")
            } else {
                logger.error("fit failed, the model in use stays", metadata: ["error": "\(error)"])
            }
            return "\(error)"
        }
    }
}
