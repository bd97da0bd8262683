import Logging
import Platform
import ServiceLifecycle

/// Why the daemon ended otherwise than it was told to.
package enum ShutdownError: Error, CustomStringConvertible {
    /// A service that is there until the end ended by itself.
    case ended(service: String)
    /// One did not stop in time; `failure` is what the end was for, nil = a signal; `journal` is why a power cut could
    /// take verdicts that were shown, nil = it cannot.
    case stuck(service: String, patience: Duration, failure: (any Error)?, journal: String?)

    package var description: String {
        switch self {
        case .ended(let service): "\(service): ended by itself, which is a fault of fsacd"
        case .stuck(let service, let patience, let failure, let journal):
            (failure.map { "\($0); " } ?? "") + "\(service) did not stop within \(patience): ended without it; "
                + (journal.map { "verdicts that were shown may be lost at a power cut: journal: \($0)" }
                    ?? "every verdict that was shown is on the disk")
        }
    }
}

/// The end of the daemon: why it comes, whose turn it is to stop, and that it comes in any case.
///
/// Services stop one after the other, each when those that need it have stopped. Threads cannot be made to stop, so a
/// thread of its own waits for the end, and makes one: whatever hangs, nothing holds the state directory for ever.
final class Shutdown: Sendable {
    private struct State {
        /// Why; nil while nobody wants the end, or when it was asked for from outside.
        var failure: (any Error)?
        var isWanted = false
        /// Told to stop, and has not yet.
        var turn: String?
        var isOver = false
    }

    /// From a signal, and from a failure, to the end without those who do not stop. With the second that each of the journal
    /// and the log may take then, the daemon is gone within 10 and 5 seconds.
    private static let (patience, patienceAfterFailure) = (Duration.seconds(7), Duration.seconds(3))

    private let state = Monitor(State())

    /// What the end was for; nil = somebody asked for it.
    var failure: (any Error)? { state.read(\.failure) }

    /// Somebody asks for the end.
    func request() { state.withLock { $0.isWanted = true } }

    /// The first failure is the reason; what comes of it later is not.
    func fail(_ error: any Error) {
        state.withLock { state in
            if !state.isWanted { state.failure = error }
            state.isWanted = true
        }
    }

    func begin(_ service: String) { state.withLock { $0.turn = service } }

    func hasBegun(_ service: String) -> Bool { state.read { $0.turn == service } }

    /// All services have stopped.
    func finish() { state.withLock { $0.isOver = true } }

    /// Blocks until somebody wants the end; tells who is to stop the services, and ends the process if they do not.
    ///
    /// - Parameters:
    ///   - stop: must return at once.
    ///   - sync: makes what was shown durable; returns why it is not.
    ///   - lastResort: ends the process.
    func oversee(
        stop: () -> Void, sync: (_ limit: Duration) -> String?, lastResort: (ShutdownError) -> Never
    ) {
        _ = state.wait { $0.isWanted ? true : nil }
        let failure = failure
        stop()
        let patience = failure == nil ? Self.patience : Self.patienceAfterFailure
        if state.wait(timeout: patience, until: { $0.isOver ? true : nil }) != nil { return }
        let turn = state.read(\.turn) ?? "the first service"
        lastResort(
            .stuck(service: turn, patience: patience, failure: failure, journal: sync(.seconds(1))))
    }
}

/// A service that ends when its turn has come and not before: if it fails, or ends by itself, it asks for the end of all, and
/// waits for its turn. So the group always stops them in order, and those that are left find what they need.
struct ServiceInTurn: Service {
    let name: String
    let service: any Service
    let shutdown: Shutdown
    let logger: Logger

    func run() async {
        await withGracefulShutdownHandler {
            do {
                try await service.run()
                if !shutdown.hasBegun(name) { throw ShutdownError.ended(service: name) }
            } catch {
                logger.error(
                    "a service failed: the daemon ends", metadata: ["service": "\(name)", "error": "\(error)"])
                shutdown.fail(error)
                // Ends by the shutdown; nobody cancels it.
                try? await gracefulShutdown()
            }
        } onGracefulShutdown: {
            shutdown.begin(name)
        }
    }
}
