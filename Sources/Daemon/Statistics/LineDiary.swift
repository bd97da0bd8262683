import ControlProtocol
import Platform
import ServiceLifecycle
import Statistics

/// Writes into the event journal what nobody decided: faults of the line, the clock when it is set, and the end of the run.
///
/// A thread of its own, for it waits for the disk. What the disk does not take is kept in memory, and written when it is back.
package final class LineDiary: Service {
    private static let period = Duration.milliseconds(500)

    private let events: EventLog
    private let health: @Sendable () -> Health
    private let isStopping = Monitor(false)

    /// - Parameter health: how the line does; waits for nothing.
    package init(events: EventLog, health: @escaping @Sendable () -> Health) {
        self.events = events
        self.health = health
    }

    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-diary", niceness: 5) { self.keep() }
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
        }
    }

    private func keep() {
        var (faults, clock) = (FaultDiary(), ClockWatch())
        repeat {
            if let step = clock.look(.now, at: .now) {
                events.note(Change(.clock, after: ["seconds": .number(Float(Double(step) / 1e6))]))
            }
            for change in faults.look(health().causes, at: .now, .now) { events.note(change) }
        } while isStopping.wait(timeout: Self.period) { $0 ? true : nil } == nil
        events.note(Change(.stop))
    }
}
