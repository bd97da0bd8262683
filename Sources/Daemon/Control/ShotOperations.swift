import ControlProtocol
import Core
package import Journal
package import Logging
import Platform
import ServiceLifecycle
import Synchronization

/// Makes normal shots of pictures: takes, checks, previews and stores them, and sees to the fit. Who asked follows it by the
/// operation's number.
///
/// One operation after the other works on its pictures, for each is checked against the shots that there are; which wait only
/// for their fit hold nobody up, since one fit serves them all. A few more wait, with their pictures in memory; whoever comes
/// then is refused. They are not refused at once: an operator who adds ten pictures one after the other would have to ask
/// again and again.
package final class ShotOperations: Service {
    /// Operations that wait for their turn, at most: a picture each.
    private static let waitingLimit = 4
    /// Operations that are remembered; of more, the oldest ended one is forgotten.
    private static let kept = 32

    private struct State {
        var operations: [ShotOperation] = []
        var newest: UInt64 = 0
        var isStopping = false

        func operation(_ number: UInt64) -> ShotOperation? { operations.first { $0.number == number } }

        mutating func settle(_ refit: RefitService) {
            for index in operations.indices { operations[index].settle(refit) }
        }

        mutating func forget(beyond count: Int, _ refit: RefitService) {
            guard operations.count > count else { return }
            settle(refit)
            operations.remove(at: operations.firstIndex(where: \.hasEnded) ?? 0)
        }
    }

    private let work: ShotWork
    private let refit: RefitService
    private let logger: Logger
    private let state = Mutex(State())
    private let orders: AsyncStream<(number: UInt64, order: ShotOrder)>
    private let queue: AsyncStream<(number: UInt64, order: ShotOrder)>.Continuation

    /// - Parameter shotQualityPercent: of shots that the camera gives uncompressed, 1 to 100.
    package init(
        line: any LineControl, refit: RefitService, events: EventLog, verdicts: any VerdictSource,
        stateDirectory: String,
        shotQualityPercent: Int = 95, logger: Logger
    ) {
        work = ShotWork(
            line: line, refit: refit, events: events,
            pictures: VerdictPictures(source: verdicts, stateDirectory: stateDirectory),
            checks: ShotChecks(parts: RecentParts(source: verdicts, stateDirectory: stateDirectory)),
            shotQualityPercent: shotQualityPercent)
        self.refit = refit
        self.logger = logger
        (orders, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingLimit))
    }

    /// Carries out orders until the shutdown, which ends those that are not done: each shot is stored or not, and a fit that
    /// is due is made at the next start.
    package func run() async {
        await cancelWhenGracefulShutdown {
            for await (number, order) in self.orders { await self.carryOut(order, number) }
        }
        endAll()
    }

    private func carryOut(_ order: ShotOrder, _ number: UInt64) async {
        await work.carryOut(order) { change in
            self.state.withLock { state in
                guard let index = state.operations.firstIndex(where: { $0.number == number }) else { return }
                change(&state.operations[index])
            }
        }
        guard let end = state.withLock({ $0.operation(number) }) else { return }
        var outcomes: [String: Int] = [:]
        for shot in end.shots { outcomes[shot.outcome.rawValue, default: 0] += 1 }
        var metadata: Logger.Metadata = ["operation": "\(number)", "recipe": "\(end.recipe.name)"]
        for (outcome, count) in outcomes { metadata[outcome] = "\(count)" }
        if case .failed(let stage, let error) = end.phase {
            metadata["error"] = "\(stage.rawValue): \(error.message)"
        }
        logger.notice("normal shots", metadata: metadata)
    }
}

// MARK: For those who ask

extension ShotOperations {
    /// - Throws: when too many wait, or the daemon stops.
    func start(_ order: ShotOrder) throws(ControlError) -> AddNormalsReply {
        let started = state.withLock { state -> Result<ShotOperation, ControlError> in
            guard !state.isStopping else { return .failure(.stopping) }
            let operation = ShotOperation(number: state.newest + 1, recipe: order.entry.recipe)
            switch queue.yield((operation.number, order)) {
            case .enqueued: break
            case .dropped: return .failure(.tooManyWait(Self.waitingLimit))
            case .terminated: return .failure(.stopping)
            @unknown default: return .failure(.stopping)
            }
            state.newest = operation.number
            state.operations.append(operation)
            state.forget(beyond: Self.kept, refit)
            return .success(operation)
        }
        return try started.get().reply(fitProgress: 0)
    }

    /// Nil when there was no such operation, or it is forgotten.
    ///
    /// - Parameter number: nil = the newest one.
    func reply(_ number: UInt64?) -> AddNormalsReply? {
        let operation = state.withLock { state in
            state.settle(refit)
            return state.operation(number ?? state.newest)
        }
        return operation.map { $0.reply(fitProgress: refit.status(of: $0.recipe.name).progress ?? 0) }
    }

    private func endAll() {
        state.withLock { state in
            state.isStopping = true
            state.settle(refit)
            for index in state.operations.indices { state.operations[index].stop() }
        }
    }
}

extension ControlError {
    fileprivate static let stopping = ControlError(
        code: .unavailable, message: "normals: the daemon stops: ask again when it is back")

    fileprivate static func tooManyWait(_ count: Int) -> ControlError {
        ControlError(
            code: .unavailable, message: "normals: \(count) operations wait already: ask again when one is done")
    }
}
