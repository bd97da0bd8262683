import ControlProtocol
import Platform

/// The threads that answer quick questions of the control socket, as those who supervise the daemon see them. Health is not
/// asked of them, and is told also when they hang.
package struct ControlLane: HealthSource {
    /// Reading a stretch of the journal takes tenths of a second on a slow disk.
    private static let patience = Duration.seconds(2)

    package init() {}

    package var findings: [Finding] {
        guard let standstill = WorkLane.quick.standstill, standstill > Self.patience else { return [] }
        let reason = "control: each of its threads has been at one question for \(standstill.wholeSeconds) or more"
        return [Finding("control", .controlStalled, reason)]
    }
}
