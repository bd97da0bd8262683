package import Logging
import Platform
import ServiceLifecycle

/// Tells systemd how the line is: one line of status whenever its state changes, and the watchdog's sign of life for as long as
/// every loop makes progress.
///
/// The sign of life comes from the loops' progress, not from this task's being alive: a daemon whose inference hangs must
/// be killed and started again, however well its timers run.
///
/// Its tasks run on Swift's pool: if that hangs, there is no sign of life either.
package struct SupervisionService: Service {
    /// Between two looks at the line.
    private static let statusPeriod = Duration.milliseconds(500)
    /// Between two lines about the same state: a reason may count seconds or parts.
    private static let reasonPeriod = Duration.seconds(10)

    private let notifier: ServiceNotifier
    private let watchdogPeriod: Duration?
    private let logger: Logger
    private let health: @Sendable () -> Health
    private let stalledLoop: @Sendable (_ limit: Duration) -> String?

    /// - Parameters:
    ///   - watchdogPeriod: after how long without a sign of life the daemon is killed; nil = never.
    ///   - health: how the line does; waits for nothing.
    ///   - stalledLoop: the name of a loop that has been at one piece of work for longer than `limit`; waits for nothing.
    package init(
        notifier: ServiceNotifier, watchdogPeriod: Duration?, logger: Logger,
        health: @escaping @Sendable () -> Health,
        stalledLoop: @escaping @Sendable (_ limit: Duration) -> String?
    ) {
        self.notifier = notifier
        self.watchdogPeriod = watchdogPeriod
        self.logger = logger
        self.health = health
        self.stalledLoop = stalledLoop
    }

    package func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { tasks in
                tasks.addTask { await showStatus() }
                if let watchdogPeriod { tasks.addTask { await keepAlive(watchdogPeriod) } }
                await tasks.waitForAll()
            }
        }
        // The last service to start, so the first to stop: the others drain after this, which may take longer than one
        // period.
        // From here on systemd's patience with a stop counts, not the watchdog's.
        notifier.stopping()
    }

    private func showStatus() async {
        var shown: (health: Health, at: ContinuousClock.Instant)?
        while !Task.isCancelled {
            let health = health()
            let isNew = health.state != shown?.health.state
            if isNew || health.reason != shown?.health.reason && .now - (shown?.at ?? .now) >= Self.reasonPeriod {
                notifier.status(health.statusLine)
                shown = (health, .now)
            }
            // Only cancellation ends a sleep early.
            try? await Task.sleep(for: Self.statusPeriod)
        }
    }

    /// A loop has a quarter of the period for one piece of work, and is looked at as often: a daemon that hangs is killed
    /// within one and a half. What takes longer and ends is no harm before three quarters more are over.
    private func keepAlive(_ period: Duration) async {
        var reported: String?
        while !Task.isCancelled {
            Failpoint.pass("supervision")
            let stalled = stalledLoop(period / 4)
            if let stalled {
                if stalled != reported {
                    logger.critical(
                        "a loop makes no progress: systemd will kill the daemon and start it again",
                        metadata: ["loop": "\(stalled)", "watchdog": "\(period)"])
                }
            } else {
                notifier.keepAlive()
            }
            reported = stalled
            try? await Task.sleep(for: period / 4)
        }
    }
}
