import ControlProtocol
package import Logging
import Platform
import ServiceLifecycle
import Settings

/// Runs the lines of the cameras, each on a thread of its own. Stops after the inspection: what is decided last is
/// still shown.
package struct OutputService: Service {
    private let line: InspectionLine
    private let events: EventLog
    private let logger: Logger

    package init(_ line: InspectionLine, events: EventLog, logger: Logger) {
        self.line = line
        self.events = events
        self.logger = logger
    }

    package func run() async {
        let desks = line.desks.values.sorted { $0.io.camera < $1.io.camera }
        await withGracefulShutdownHandler {
            await withTaskGroup { threads in
                for (number, desk) in desks.enumerated() {
                    threads.addTask {
                        // Before everything that computes: an output that waits for a core is late.
                        await NamedThread.run("fsac-io-\(number)", niceness: -10) {
                            var loop = OutputLoop(desk, line) { tell(desk.io.camera, $0) }
                            loop.run()
                        }
                    }
                }
                await threads.waitForAll()
            }
            // Without lines there is nothing to run, and the service stays: one that ends by itself ends the daemon.
            if desks.isEmpty { try? await gracefulShutdown() }
        } onGracefulShutdown: {
            for desk in desks { desk.stop() }
        }
    }

    /// Said in the log, and in the event journal by a thread that may wait for the disk.
    private func tell(_ camera: String, _ outage: String?) {
        if let outage {
            logger.error("lines lost", metadata: ["camera": "\(camera)", "reason": "\(outage)"])
        } else {
            logger.notice("lines held", metadata: ["camera": "\(camera)"])
        }
        let change = Change(
            .output, camera: camera,
            after: ["lines": .text(outage == nil ? "held" : "lost")].merging(
                outage.map { ["reason": .text(PrintableText.line($0, atMost: 200))] } ?? [:]
            ) { first, _ in first })
        Task { [events] in
            // A disk that takes no event is told by the event journal's own finding.
            _ = try? await WorkLane.slow.run {
                try events.record(by: .daemon) {
                    change
                } _: {
                }
            }
        }
    }
}
