import ControlProtocol
package import Logging
import Platform
import ServiceLifecycle

/// Writes alarms down, in the event journal and for the next start, on a thread that may wait for the disk.
package final class AlarmService: Service {
    private static let period = Duration.milliseconds(200)

    private let desk: AlarmDesk
    private let events: EventLog
    private let logger: Logger
    private let isStopping = Monitor(false)

    package init(_ desk: AlarmDesk, events: EventLog, logger: Logger) {
        self.desk = desk
        self.events = events
        self.logger = logger
    }

    package func run() async {
        await withGracefulShutdownHandler {
            await NamedThread.run("fsac-alarms") { self.keep() }
        } onGracefulShutdown: {
            self.isStopping.withLock { $0 = true }
        }
    }

    private func keep() {
        var failure: String?
        repeat {
            let (news, seen) = desk.look()
            for (camera, alarm) in news {
                logger.warning(
                    "alarm",
                    metadata: ["camera": "\(camera)", "kind": "\(alarm.kind.rawValue)", "reason": "\(alarm.reason)"])
                events.note(
                    Change(
                        .alarm, camera: camera,
                        after: [
                            "kind": .text(alarm.kind.rawValue), "reason": .text(alarm.reason),
                            "since": .text(alarm.since),
                        ]))
            }
            do {
                try desk.save()
                for camera in Set(seen).sorted() where desk.hasAlarm(camera) {
                    try desk.acknowledge(camera, by: .daemon, events, means: "input acknowledge")
                }
                failure = nil
            } catch {
                let reason = ErrorWords.of(error)
                if reason != failure { logger.error("alarms cannot be written down", metadata: ["error": "\(reason)"]) }
                failure = reason
            }
        } while isStopping.wait(timeout: Self.period) { $0 ? true : nil } == nil
    }
}

extension AlarmDesk {
    /// Acknowledges the alarms of a camera (nil = of all), with an event. Waits for the disk.
    ///
    /// - Parameter means: by what, where it was nobody at the control socket.
    package func acknowledge(_ camera: String?, by author: ChangeAuthor, _ events: EventLog, means: String? = nil)
        throws
    {
        try events.record(by: author) {
            let seen = alarms.filter { camera ?? $0.camera == $0.camera }.map { "\($0.camera) \($0.kind.rawValue)" }
            return Change(
                .acknowledged, camera: camera, before: ["alarms": .text(seen.joined(separator: ", "))],
                after: means.map { ["by": .text($0)] } ?? [:])
        } _: {
            try acknowledge(camera)
        }
    }
}
