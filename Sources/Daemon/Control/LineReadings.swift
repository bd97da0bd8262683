package import ControlProtocol
package import Core

/// What the control plane reads from the data plane at one moment. Taking it never waits for a frame.
package struct LineReadings: Sendable {
    /// That of the camera that is worst off.
    package var state: LineState
    /// Why, in words, when the state is not `inspecting`.
    package var reason: String?
    package var cameras: [CameraReply]
    package var counts: CountsReply
    /// Nil before the first verdict.
    package var latency: LatencyReply?
    /// By recipe; of those that judged a part.
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

/// What the control plane asks of the data plane.
package protocol LineControl: Sendable {
    /// Looks at the disk: never asked for on an event loop.
    var readings: LineReadings { get }
    /// Those of the readings, without a look at the disk.
    var cameraReadings: [CameraReply] { get }
    /// See ``InspectionLine/trigger(camera:part:)``.
    func trigger(camera: String?, part: String?) async throws(TriggerRefusal) -> TriggerReply
    /// See ``InspectionLine/nextPictures(_:of:)``.
    func nextPictures(_ count: Int, of camera: String?) async throws(TriggerRefusal) -> [Picture]
    /// The name of a camera; nil = the only one's.
    func cameraName(_ camera: String?) throws(TriggerRefusal) -> String
    /// Uses another recipe from the next frame or trigger on.
    func use(_ recipe: LineRecipe, for camera: String) throws(TriggerRefusal)
}

extension InspectionLine: LineControl {}

/// One journal line as it stands in the file, without the line end.
package struct VerdictLine: Sendable, Equatable {
    package let sequence: UInt64
    package let bytes: [UInt8]

    package init(sequence: UInt64, bytes: [UInt8]) {
        self.sequence = sequence
        self.bytes = bytes
    }
}

/// The journal as the control plane reads it.
package protocol VerdictSource: Sendable {
    /// Sequence number of the newest acknowledged line, 0 = none.
    var lastSequence: UInt64 { get }
    /// Acknowledged lines with a sequence number of `first` or more, oldest first, at most `count`. May read files:
    /// never called on an event loop.
    func lines(from first: UInt64, count: Int) throws -> [VerdictLine]
    /// Yields soon after lines were acknowledged, several at once as one; a slow reader delays nobody.
    func changes() -> AsyncStream<Void>
}
