package import ControlProtocol
import Core
package import Logging
import Platform
import ServiceLifecycle

/// Fits models beside inspection, on a thread of its own at lower priority: one after the other, previews among them. So there
/// is at most one fit, and one candidate, beside the models in use.
///
/// A request during a fit makes one more fit after it, with all shots there are by then. A fit that fails leaves the
/// model in use alone.
package final class RefitService: Service {
    /// How a fit ended.
    enum Outcome: Sendable, Equatable {
        case installed(generation: Int)
        case failed(String)
    }

    private struct Requests {
        /// Ends that are remembered, the oldest first.
        static let endsKept = 8

        var requested: UInt64 = 0
        /// Of fits, with the newest request that each one answered.
        var ends: [(request: UInt64, outcome: Outcome)] = []

        var done: UInt64 { ends.last?.request ?? 0 }

        /// How the fit ended that answered a request; of requests long ago, how a later one did. Nil = it is not done.
        func outcome(of request: UInt64) -> Outcome? { ends.first { $0.request >= request }?.outcome }

        mutating func end(_ request: UInt64, _ outcome: Outcome) {
            ends = ends.suffix(Self.endsKept - 1) + [(request, outcome)]
        }
    }

    private enum Job {
        case fit(recipe: String)
        case preview(Preview)
    }

    private struct State {
        /// By recipe.
        var requests: [String: Requests] = [:]
        /// The oldest first.
        var waiting: [Job] = []
        /// The recipe that is being fitted.
        var current: String?
        var progress = 0.0
        var isStopping = false
        /// Fitted to show what a shot would change: the next fit of the same shots needs no other.
        var candidate: Candidate?

        func isWaiting(_ recipe: String) -> Bool {
            waiting.contains { if case .fit(recipe) = $0 { true } else { false } }
        }
    }

    private struct Candidate {
        let recipe: String
        let shots: Set<String>
        /// Those of them that are doubted.
        let doubted: Set<String>
        let kind: ModelKind
        let model: FittedModel
    }

    private let book: RecipeBook
    private let events: EventLog
    private let logger: Logger
    private let state = Monitor(State())
    /// Busy from one word of a fit's progress to the next.
    private let progress = LoopProgress()

    package init(book: RecipeBook, events: EventLog, logger: Logger) {
        self.book = book
        self.events = events
        self.logger = logger
    }

    /// Asks for a fit with the shots as they are now, and returns at once.
    @discardableResult
    package func request(_ recipe: String) -> FitReply {
        state.withLock { state in
            state.requests[recipe, default: Requests()].requested += 1
            if !state.isWaiting(recipe) { state.waiting.append(.fit(recipe: recipe)) }
        }
        return status(of: recipe)
    }

    /// Asks for the fits that are due, but for those that have ended the daemon again and again.
    func requestWhatIsDue() {
        for entry in book.entries {
            let view = entry.recipe.view
            guard let reason = view.fitReason else { continue }
            // One that is at work here has ended no daemon yet.
            if !isFitting(entry.name), let problem = entry.recipe.fitMark.reasonToLeaveOut(view) {
                logger.error("a fit is left out", metadata: ["recipe": "\(entry.name)", "error": "\(problem)"])
                state.withLock { state in
                    let newest = state.requests[entry.name]?.requested ?? 0
                    state.requests[entry.name, default: Requests()].end(newest, .failed(problem))
                }
                continue
            }
            logger.notice("a fit is due", metadata: ["recipe": "\(entry.name)", "reason": "\(reason)"])
            request(entry.name)
        }
    }

    private func isFitting(_ recipe: String) -> Bool { status(of: recipe).state == .fitting }

    /// - Parameter request: the one whose fit is wanted; nil = the newest.
    package func status(of recipe: String, request: UInt64? = nil) -> FitReply {
        state.read { state in
            let requests = state.requests[recipe] ?? Requests()
            let wanted = request ?? requests.requested
            var reply = FitReply(recipe: recipe, state: .idle, request: wanted, done: requests.done)
            guard wanted <= requests.done else {
                (reply.state, reply.progress) = (.fitting, state.current == recipe ? state.progress : 0)
                return reply
            }
            // Of the newest request a later word counts: a fit that was left out since.
            switch request.flatMap(requests.outcome) ?? requests.ends.last?.outcome {
            case nil: break
            case .installed(let generation): reply.generation = generation
            case .failed(let reason): (reply.state, reply.message) = (.failed, reason)
            }
            return reply
        }
    }

    /// How the fit ended that answered a request; see ``Requests/outcome(of:)``.
    func outcome(of request: UInt64, for recipe: String) -> Outcome? {
        state.read { $0.requests[recipe]?.outcome(of: request) }
    }

    /// Fits what is asked for until the shutdown, which cancels a running fit; begins with the fit that a crash may have
    /// cut off.
    package func run() async {
        requestWhatIsDue()
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-refit", niceness: 10) { self.workUntilStopped() }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
        }
    }

    private func workUntilStopped() {
        while let job = nextJob() {
            progress.begin()
            switch job {
            case .fit(let recipe): answer(recipe)
            case .preview(let preview): preview.run()
            }
            Heap.giveBack()
            progress.end()
        }
        let left = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        // They see that it is too late.
        for case .preview(let preview) in left { preview.run() }
    }

    /// The job that has waited longest; blocks until there is one. Nil = the daemon stops.
    private func nextJob() -> Job? {
        let next = state.wait { state -> Job?? in
            if state.isStopping { return .some(nil) }
            guard !state.waiting.isEmpty else { return nil }
            return .some(state.waiting.removeFirst())
        }
        return next ?? nil
    }
}

// MARK: Fits

extension RefitService {
    private func answer(_ recipe: String) {
        let request = state.withLock { state in
            state.current = recipe
            return state.requests[recipe]?.requested ?? 0
        }
        let outcome = fit(recipe)
        state.withLock { state in
            state.requests[recipe, default: Requests()].end(request, outcome)
            state.progress = 0
            state.current = nil
        }
    }

    private func fit(_ name: String) -> Outcome {
        do {
            let entry = try book.entry(name)
            try entry.recipe.fitMark.begin(entry.recipe.view)
            defer { entry.recipe.fitMark.end() }
            let shots = try entry.recipe.view.normals.map { try decoded($0, entry) }
            guard !shots.isEmpty else { throw StoreError.noModel }
            Failpoint.pass("fit")
            let start = ContinuousClock.now
            let model =
                try takeCandidate(entry, shots)
                ?? entry.method.fit(
                    shots,
                    { [state, progress] share in
                        progress.begin()
                        state.withLock { $0.progress = share }
                    }, { [state] in state.read(\.isStopping) })
            if let lesson = entry.recipe.view.active?.model.lesson {
                logger.notice(
                    "a fit of the shots takes the place of a model that parts of the line had taught",
                    metadata: ["recipe": "\(name)", "parts": "\(lesson.learnt)"])
            }
            let active = try events.record(by: .daemon) {
                try .generation(of: entry.recipe, model)
            } _: {
                try entry.recipe.install(model)
            }
            logger.notice(
                "model fitted",
                metadata: [
                    "recipe": "\(name)", "generation": "\(active.generation)", "shots": "\(shots.count)",
                    "limit": "\(active.limit)",
                    "seconds": "\(Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000)",
                ])
            return .installed(generation: active.generation)
        } catch {
            if state.read(\.isStopping) {
                logger.notice("fit cancelled by the shutdown, the next start makes it", metadata: ["recipe": "\(name)"])
            } else {
                logger.error(
                    "fit failed, the model in use stays", metadata: ["recipe": "\(name)", "error": "\(error)"])
            }
            return .failed("\(error)")
        }
    }

    private func decoded(_ normal: StoredNormal, _ entry: RecipeBook.Entry) throws(StoreError) -> Shot {
        do {
            var shot = try entry.method.shot(normal.sha256) { [recipe = entry.recipe] () throws(ImageError) in
                do throws(StoreError) {
                    return try recipe.bytes(of: normal)
                } catch {
                    throw .unreadable(path: normal.fileName, reason: "\(error)")
                }
            }
            shot.isDoubted = normal.isDoubted
            return shot
        } catch {
            throw .normalUnreadable(sha256: normal.sha256, reason: "\(error)")
        }
    }

    /// The candidate, if it is what a fit of these shots would give; one of other shots makes room for the fit.
    private func takeCandidate(_ entry: RecipeBook.Entry, _ shots: [Shot]) -> FittedModel? {
        state.withLock { state in
            guard let candidate = state.candidate, candidate.recipe == entry.name else { return nil }
            state.candidate = nil
            let isSame =
                candidate.kind == entry.method.kind && candidate.shots == Set(shots.map(\.sha256))
                && candidate.doubted == shots.doubted
            return isSame ? candidate.model : nil
        }
    }
}

extension [Shot] {
    fileprivate var doubted: Set<String> { Set(filter(\.isDoubted).map(\.sha256)) }
}

// MARK: Health

extension RefitService: HealthSource {
    /// Training says how far it is once an epoch, which takes a minute on a small computer.
    private static let patience = Duration.seconds(120)

    /// Warnings only: parts are judged by the model in use, and without one the line says so itself.
    package var findings: [Finding] {
        let (current, failures) = state.read { state in
            let failures = state.requests.compactMap { name, requests -> (recipe: String, reason: String)? in
                if case .failed(let reason) = requests.ends.last?.outcome { (name, reason) } else { nil }
            }
            return (state.current, failures)
        }
        var findings = failures.sorted { $0.recipe < $1.recipe }.map { name, reason in
            Finding(warning: "fit", "recipe \(name): \(reason)")
        }
        if let silence = progress.hang(beyond: Self.patience) {
            let work = current.map { "the fit of recipe \($0)" } ?? "a preview"
            findings.append(Finding(warning: "fit", "\(work) has made no progress for \(silence.wholeSeconds)"))
        }
        return findings
    }
}

// MARK: Previews

extension RefitService {
    /// Fits a candidate with more shots when the fits before it are done, and looks at it on the fits' thread. The candidate
    /// is kept for the fit to come, until ``letGoOfCandidate()``.
    ///
    /// - Parameters:
    ///   - progress: told the share of the fit that is done.
    ///   - look: asks now and then whether it is cancelled; nothing else is fitted meanwhile.
    /// - Throws: `CancellationError`, at once, when the task is cancelled or the daemon stops; what the fit and `look` throw.
    func preview<Value: Sendable>(
        _ entry: RecipeBook.Entry, with added: [(bytes: [UInt8], isDoubted: Bool)],
        progress: @escaping @Sendable (Double) -> Void,
        _ look: @escaping @Sendable (FittedModel, _ isCancelled: () -> Bool) throws -> Value
    ) async throws -> Value {
        let call = PreviewCall()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add(
                    Preview(call: call) {
                        continuation.resume(
                            with: Result {
                                let isCancelled = { [state = self.state] in call.isOff || state.read(\.isStopping) }
                                let model = try self.candidate(entry, with: added, progress, isCancelled)
                                return try look(model, isCancelled)
                            })
                    })
            }
        } onCancel: {
            callOff(call)
        }
    }

    /// Does other work on the fits' thread when what waits there is done. When the daemon stops it is called, too, and sees that
    /// it is too late.
    ///
    /// - Parameter work: says now and then that it goes on, and asks whether it is cancelled.
    func perform(_ work: @escaping @Sendable (_ goesOn: () -> Void, _ isCancelled: () -> Bool) -> Void) {
        add(
            Preview(call: PreviewCall()) { [state, progress] in
                work({ progress.begin() }, { state.read(\.isStopping) })
            })
    }

    func letGoOfCandidate() { state.withLock { $0.candidate = nil } }

    private func add(_ preview: Preview) {
        let isLate = state.withLock { state in
            if state.isStopping || preview.call.isOff { return true }
            state.waiting.append(.preview(preview))
            return false
        }
        // It sees that it is too late.
        if isLate { preview.run() }
    }

    private func callOff(_ call: PreviewCall) {
        let waiting = state.withLock { state -> Preview? in
            call.callOff()
            for (index, job) in state.waiting.enumerated() {
                guard case .preview(let preview) = job, preview.call === call else { continue }
                state.waiting.remove(at: index)
                return preview
            }
            return nil
        }
        waiting?.run()
    }

    private func candidate(
        _ entry: RecipeBook.Entry, with added: [(bytes: [UInt8], isDoubted: Bool)],
        _ progress: @escaping (Double) -> Void,
        _ isCancelled: @escaping () -> Bool
    ) throws -> FittedModel {
        if isCancelled() { throw CancellationError() }
        letGoOfCandidate()
        let added = try added.map { bytes, isDoubted in
            var shot = try entry.method.shot(entry.recipe.find(bytes).sha256) { bytes }
            shot.isDoubted = isDoubted
            return shot
        }
        // In the order in which the store will have them: a fit depends on it.
        let shots = try (entry.recipe.view.normals.map { try decoded($0, entry) } + added)
            .sorted { $0.sha256 < $1.sha256 }
        let model = try entry.method.fit(
            shots,
            { [loop = self.progress] share in
                loop.begin()
                progress(share)
            }, isCancelled)
        let candidate = Candidate(
            recipe: entry.name, shots: Set(shots.map(\.sha256)), doubted: shots.doubted, kind: entry.method.kind,
            model: model)
        state.withLock { $0.candidate = candidate }
        return model
    }
}
