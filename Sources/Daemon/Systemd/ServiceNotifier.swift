import CSystemd
import Glibc
import Platform
import Synchronization

/// What the daemon tells systemd about itself (sd_notify(3)). Without systemd nobody listens and nothing happens.
package final class ServiceNotifier: Sendable {
    /// A reload that is asked for before the start is over, or after the stop began, must not end either.
    private enum Phase { case starting, ready, stopping }

    private let send: @Sendable (String) -> Void
    /// Held while it is sent, so that messages come in the order of the phases.
    private let phase = Mutex(Phase.starting)

    package convenience init() {
        // Its failure means that systemd is gone: there is nobody to tell.
        self.init(send: { state in _ = sd_notify(0, state) })
    }

    /// - Parameter send: takes each message in the place of systemd.
    package init(send: @escaping @Sendable (String) -> Void) {
        self.send = send
    }

    /// The daemon answers, and judges parts as far as there is a camera and a model.
    package func ready() {
        phase.withLock { phase in
            guard phase == .starting else { return }
            phase = .ready
            send("READY=1")
        }
    }

    /// A re-load begins; ``reloaded()`` ends it, however it went.
    package func reloading() {
        // With the time, which a unit of Type=notify-reload needs.
        phase.withLock { phase in
            if phase == .ready { send("RELOADING=1\nMONOTONIC_USEC=\(MonotonicTime.nanoseconds / 1000)") }
        }
    }

    package func reloaded() { phase.withLock { phase in if phase == .ready { send("READY=1") } } }

    package func stopping() {
        phase.withLock { phase in
            guard phase != .stopping else { return }
            phase = .stopping
            send("STOPPING=1")
        }
    }

    /// One line for `systemctl status`.
    package func status(_ text: String) {
        // A message is lines of assignments: one in the text would be another assignment.
        send("STATUS=" + PrintableText.line(text))
    }

    /// Every loop made progress.
    package func keepAlive() { send("WATCHDOG=1") }

    /// After how long without ``keepAlive()`` systemd kills the daemon; nil = never.
    package static var watchdogPeriod: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }
}
