import Logging
import Platform
import ServiceLifecycle

/// Looks after the lock once a second, and ends the daemon when the state directory is not its own any more.
struct InstanceLockService: Service {
    private static let period = Duration.seconds(1)

    let lock: InstanceLock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            // Nobody waits for the thread's end: a disk that does not answer may hold it.
            for try await _ in looks() {}
        }
    }

    private func looks() -> AsyncThrowingStream<Void, any Error> {
        let (looks, continuation) = AsyncThrowingStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let isOver = Monitor(false)
        continuation.onTermination = { _ in isOver.withLock { $0 = true } }
        NamedThread.start("fsac-lock") { [lock, logger] in
            while isOver.wait(timeout: Self.period, until: { $0 ? true : nil }) == nil {
                do {
                    try lock.renew(logger)
                } catch {
                    logger.critical(
                        "the state directory is not this daemon's any more: it ends", metadata: ["error": "\(error)"])
                    return continuation.finish(throwing: error)
                }
            }
        }
        return looks
    }
}
