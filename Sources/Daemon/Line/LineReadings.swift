package import ControlProtocol
import Core

/// What the control plane reads from the data plane at one moment. Taking it never waits for a frame; it may wait for
/// the disk.
package struct LineReadings: Sendable {
    /// That of the camera that is worst off.
    package var state: LineState
    /// Why, in words, when the state is not `inspecting`.
    package var reason: String?
    package var cameras: [CameraReply]
    package var counts: CountsReply
    /// Nil before the first verdict.
    package var latency: LatencyReply?
    /// By the name of the recipe; of those that judged a part.
    package var trends: [String: TrendReply]
    package var storage: StorageReply

    package init(
        state: LineState, reason: String?, cameras: [CameraReply], counts: CountsReply, latency: LatencyReply?,
        trends: [String: TrendReply] = [:], storage: StorageReply
    ) {
        self.state = state
        self.reason = reason
        self.cameras = cameras
        self.counts = counts
        self.latency = latency
        self.trends = trends
        self.storage = storage
    }

    /// For `systemctl status`; changes with the state, not with every part.
    var statusLine: String { state.rawValue + (reason.map { ": \($0)" } ?? "") }
}
