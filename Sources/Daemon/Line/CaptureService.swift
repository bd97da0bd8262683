import Platform
import ServiceLifecycle
import Synchronization

/// Runs the cameras, each on a thread of its own, until the shutdown; returns when their threads have ended.
package struct CaptureService: Service {
    /// For a camera whose driver does not answer, at the end: what others need to stop must be left of ``Shutdown``'s.
    private static let patience = Duration.seconds(3)

    private let line: InspectionLine

    package init(_ line: InspectionLine) { self.line = line }

    package func run() async {
        // Under the lock: a camera that a reload opens meanwhile is started by one of the two, once.
        line.cameras.withLock { cameras in
            cameras.phase = .running
            for lane in cameras.lanes { lane.start() }
        }
        // Ends by the shutdown or, thrown, by cancellation: both mean the end.
        try? await gracefulShutdown()
        await NamedThread.run("fsac-stop") { stop() }
    }

    private func stop() {
        let lanes = line.cameras.withLock { cameras in
            cameras.phase = .stopping
            return cameras.lanes
        }
        // All are told before any is waited for: the slowest counts, not the sum.
        for lane in lanes { lane.capture.stop() }
        for lane in lanes { lane.stop(patience: Self.patience) }
    }
}
