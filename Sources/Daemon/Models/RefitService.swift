public import ControlProtocol
public import Core
import Foundation
import Glibc
public import Logging
public import ServiceLifecycle
import Synchronization

/// Fits models beside inspection: on a thread of its own at lower priority, one fit at a time.
///
/// A request during a fit makes one more fit after it, with all shots there are by then. A fit that fails leaves the
/// model in use alone.
public final class RefitService<Model: StoredModel>: Service {
    public typealias Fitter = @Sendable (
        _ shots: [Shot], _ progress: @escaping (Double) -> Void, _ isCancelled: @escaping () -> Bool
    ) throws -> Model

    private enum Phase {
        case idle
        case fitting(request: UInt64, progress: Double)
        case failed(message: String)
        case stopped
    }

    private struct State {
        var phase = Phase.idle
        var requested: UInt64 = 0
        var done: UInt64 = 0
        var isStopping = false
        var whenStopped: CheckedContinuation<Void, Never>?
    }

    private let recipe: Recipe<Model>
    private let fit: Fitter
    private let logger: Logger
    private let state = Mutex(State())

    public init(recipe: Recipe<Model>, logger: Logger, fit: @escaping Fitter) {
        self.recipe = recipe
        self.logger = logger
        self.fit = fit
    }

    /// Asks for a fit with the shots as they are now, and returns at once.
    @discardableResult
    public func request() -> FitReply {
        let startsThread = state.withLock { state in
            state.requested += 1
            guard !state.isStopping else { return false }
            if case .fitting = state.phase { return false }
            state.phase = .fitting(request: state.requested, progress: 0)
            return true
        }
        if startsThread {
            let thread = Thread { [self] in fitUntilNoneIsDue() }
            thread.name = "fsac-refit"
            thread.stackSize = 8 << 20
            thread.start()
        }
        return status
    }

    public var status: FitReply {
        state.withLock { state in
            let (requested, done) = (state.requested, state.done)
            return switch state.phase {
            case .idle, .stopped: FitReply(state: .idle, request: requested, done: done)
            case .fitting(_, let progress):
                FitReply(state: .fitting, progress: progress, request: requested, done: done)
            case .failed(let message): FitReply(state: .failed, message: message, request: requested, done: done)
            }
        }
    }

    /// Starts the fit that a crash may have cut off, then waits for the end; a running fit is cancelled then.
    public func run() async throws {
        if recipe.view.isFitDue { request() }
        await withGracefulShutdownHandler {
            await withCheckedContinuation { continuation in
                let isStopped = state.withLock { state in
                    if case .stopped = state.phase { return true }
                    state.whenStopped = continuation
                    return false
                }
                if isStopped { continuation.resume() }
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    private func stop() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isStopping = true
            if case .fitting = state.phase { return nil }
            state.phase = .stopped
            return state.whenStopped.take()
        }
        waiter?.resume()
    }

    /// The body of the thread.
    private func fitUntilNoneIsDue() {
        // On Linux this is the priority of the calling thread alone; without permission it stays as it was.
        _ = setpriority(numericCast(PRIO_PROCESS.rawValue), 0, 10)
        var next: UInt64? = state.withLock { $0.requested }
        while let request = next {
            let failure = fitOnce(request)
            next = finish(request, failure: failure)
        }
    }

    private func decoded(_ normal: StoredNormal) throws(StoreError) -> Shot {
        let bytes = try recipe.bytes(of: normal)
        do {
            return Shot(sha256: normal.sha256, image: try ShotPicture(checking: bytes).image)
        } catch {
            throw .normalUnreadable(sha256: normal.sha256, reason: "\(error)")
        }
    }

    private func fitOnce(_ request: UInt64) -> String? {
        do {
            let shots = try recipe.view.normals.map(decoded)
            guard !shots.isEmpty else { throw StoreError.noModel }
            let start = ContinuousClock.now
            let model = try fit(
                shots,
                { [self] progress in state.withLock { $0.phase = .fitting(request: request, progress: progress) } },
                { [self] in state.withLock(\.isStopping) })
            let active = try recipe.install(model)
            logger.notice(
                "model fitted",
                metadata: [
                    "generation": "\(active.generation)", "shots": "\(shots.count)", "limit": "\(active.limit)",
                    "seconds": "\(Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000)",
                ])
            return nil
        } catch where state.withLock(\.isStopping) {
            logger.notice("fit cancelled by the shutdown, the next start makes it")
            return "\(error)"
        } catch {
            logger.error("fit failed, the model in use stays", metadata: ["error": "\(error)"])
            return "\(error)"
        }
    }

    /// Returns the request to fit next, nil = the thread ends.
    private func finish(_ request: UInt64, failure: String?) -> UInt64? {
        let (next, waiter) = state.withLock { state -> (UInt64?, CheckedContinuation<Void, Never>?) in
            state.done = request
            if state.isStopping {
                state.phase = .stopped
                return (nil, state.whenStopped.take())
            }
            if state.requested > request {
                state.phase = .fitting(request: state.requested, progress: 0)
                return (state.requested, nil)
            }
            state.phase = failure.map { .failed(message: $0) } ?? .idle
            return (nil, nil)
        }
        waiter?.resume()
        return next
    }
}
