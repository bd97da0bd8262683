package import ControlProtocol
import Core
package import Logging
import Platform
import ServiceLifecycle

/// Fits models beside inspection: on a thread of its own at lower priority, one fit at a time.
///
/// A request during a fit makes one more fit after it, with all shots there are by then. A fit that fails leaves the
/// model in use alone.
package final class RefitService: Service {
    private struct Requests {
        var requested: UInt64 = 0
        var done: UInt64 = 0
        /// Why the latest fit failed.
        var failure: String?
    }

    private struct State {
        /// By recipe.
        var requests: [String: Requests] = [:]
        /// Recipes to fit, the oldest request first.
        var waiting: [String] = []
        /// The recipe that is being fitted.
        var current: String?
        var progress = 0.0
        var isStopping = false
        /// Fitted to show what a shot would change: the next fit of the same shots needs no other.
        var candidate: Candidate?
    }

    private struct Candidate {
        let recipe: String
        let shots: Set<String>
        let kind: ModelKind
        let model: FittedModel
    }

    private let book: RecipeBook
    private let logger: Logger
    private let state = Monitor(State())

    package init(book: RecipeBook, logger: Logger) {
        self.book = book
        self.logger = logger
    }

    /// Asks for a fit with the shots as they are now, and returns at once.
    @discardableResult
    package func request(_ recipe: String) -> FitReply {
        state.withLock { state in
            state.requests[recipe, default: Requests()].requested += 1
            if !state.waiting.contains(recipe) { state.waiting.append(recipe) }
        }
        return status(of: recipe)
    }

    /// Asks for the fits that are due.
    func requestWhatIsDue() {
        for entry in book.entries {
            guard let reason = entry.recipe.view.fitReason else { continue }
            logger.notice("a fit is due", metadata: ["recipe": "\(entry.name)", "reason": "\(reason)"])
            request(entry.name)
        }
    }

    package func status(of recipe: String) -> FitReply {
        state.read { state in
            let requests = state.requests[recipe] ?? Requests()
            let (requested, done) = (requests.requested, requests.done)
            if requested > done {
                return FitReply(
                    state: .fitting, progress: state.current == recipe ? state.progress : 0, request: requested,
                    done: done)
            }
            return FitReply(
                state: requests.failure == nil ? .idle : .failed, message: requests.failure, request: requested,
                done: done)
        }
    }

    /// Fits what is asked for until the shutdown, which cancels a running fit; begins with the fit that a crash may have
    /// cut off.
    package func run() async {
        requestWhatIsDue()
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-refit", niceness: 10) { self.fitWhatIsAskedFor() }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
        }
    }

    private func fitWhatIsAskedFor() {
        while let (recipe, request) = nextRequest() {
            let failure = fit(recipe)
            state.withLock { state in
                state.requests[recipe]?.done = request
                state.requests[recipe]?.failure = failure
                state.progress = 0
                state.current = nil
            }
        }
    }

    /// The recipe that has waited longest, with its newest request; blocks until there is one. Nil = the daemon stops.
    private func nextRequest() -> (recipe: String, request: UInt64)? {
        let next = state.wait { state -> (String, UInt64)?? in
            if state.isStopping { return .some(nil) }
            guard !state.waiting.isEmpty else { return nil }
            let recipe = state.waiting.removeFirst()
            state.current = recipe
            return .some((recipe, state.requests[recipe]?.requested ?? 0))
        }
        return next ?? nil
    }

    private func decoded(_ normal: StoredNormal, _ entry: RecipeBook.Entry) throws(StoreError) -> Shot {
        do {
            return try entry.method.shot(normal.sha256, entry.recipe.bytes(of: normal))
        } catch {
            throw .normalUnreadable(sha256: normal.sha256, reason: "\(error)")
        }
    }

    /// What a fit with one more shot gives; kept for the fit to come. Blocks for as long as a fit takes.
    func candidate(
        _ entry: RecipeBook.Entry, with bytes: [UInt8], progress: @escaping (Double) -> Void
    ) throws -> FittedModel {
        let added = try entry.method.shot(entry.recipe.find(bytes).sha256, bytes)
        // In the order in which the store will have them: a fit depends on it.
        let shots = try (entry.recipe.view.normals.map { try decoded($0, entry) } + [added])
            .sorted { $0.sha256 < $1.sha256 }
        let model = try entry.method.fit(shots, progress, { [state] in state.read(\.isStopping) })
        let candidate = Candidate(
            recipe: entry.name, shots: Set(shots.map(\.sha256)), kind: entry.method.kind, model: model)
        state.withLock { $0.candidate = candidate }
        return model
    }

    private func takeCandidate(_ entry: RecipeBook.Entry, _ shots: [Shot]) -> FittedModel? {
        state.withLock { state in
            guard let candidate = state.candidate, candidate.recipe == entry.name,
                candidate.kind == entry.method.kind, candidate.shots == Set(shots.map(\.sha256))
            else { return nil }
            state.candidate = nil
            return candidate.model
        }
    }

    /// Says why it failed; nil = the new model is in use.
    private func fit(_ name: String) -> String? {
        do {
            let entry = try book.entry(name)
            let shots = try entry.recipe.view.normals.map { try decoded($0, entry) }
            guard !shots.isEmpty else { throw StoreError.noModel }
            let start = ContinuousClock.now
            let model =
                try takeCandidate(entry, shots)
                ?? entry.method.fit(
                    shots,
                    { [state] progress in state.withLock { $0.progress = progress } },
                    { [state] in state.read(\.isStopping) })
            let active = try entry.recipe.install(model)
            logger.notice(
                "model fitted",
                metadata: [
                    "recipe": "\(name)", "generation": "\(active.generation)", "shots": "\(shots.count)",
                    "limit": "\(active.limit)",
                    "seconds": "\(Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000)",
                ])
            return nil
        } catch {
            if state.read(\.isStopping) {
                logger.notice("fit cancelled by the shutdown, the next start makes it", metadata: ["recipe": "\(name)"])
            } else {
                logger.error(
                    "fit failed, the model in use stays", metadata: ["recipe": "\(name)", "error": "\(error)"])
            }
            return "\(error)"
        }
    }
}
