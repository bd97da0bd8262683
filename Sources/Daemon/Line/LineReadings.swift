package import ControlProtocol
import Core

/// What the control plane reads from the data plane at one moment. Taking it waits for nothing: not for a frame, nor for
/// the disk.
package struct LineReadings: Sendable {
    package var health: Health
    package var cameras: [CameraReply]
    package var counts: CountsReply
    /// Nil before the first verdict.
    package var latency: LatencyReply?
    /// Of all judged parts since the start.
    package var stages: [LatencyStage: LatencyHistogram]
    /// By the name of the recipe; of those that judged a part.
    package var trends: [String: TrendReply]
    package var storage: StorageReply
    /// Of the cameras that have lines.
    package var io: [IOReply]
    /// By camera, from the journal's line to the lines set.
    package var outputs: [String: LatencyHistogram]
    /// That nobody has acknowledged.
    package var alarms: [AlarmReply]

    package init(
        health: Health, cameras: [CameraReply], counts: CountsReply, latency: LatencyReply?,
        stages: [LatencyStage: LatencyHistogram] = [:], trends: [String: TrendReply] = [:], storage: StorageReply,
        io: [IOReply] = [], outputs: [String: LatencyHistogram] = [:], alarms: [AlarmReply] = []
    ) {
        self.health = health
        self.cameras = cameras
        self.counts = counts
        self.latency = latency
        self.stages = stages
        self.trends = trends
        self.storage = storage
        self.io = io
        self.outputs = outputs
        self.alarms = alarms
    }

    package var state: LineState { health.state }
    /// Why, in words, when the state is not `inspecting`.
    package var reason: String? { health.reason }
}
