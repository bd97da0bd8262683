public import ControlProtocol

/// What the control plane reads from the data plane at one moment. Taking it never waits for a frame.
public struct LineReadings: Sendable {
    public var state: LineState
    /// Why, in words, when the state is not `inspecting`.
    public var reason: String?
    public var camera: CameraReply
    public var counts: CountsReply
    /// Nil before the first verdict.
    public var latency: LatencyReply?
    public var storage: StorageReply

    public init(
        state: LineState, reason: String?, camera: CameraReply, counts: CountsReply, latency: LatencyReply?,
        storage: StorageReply
    ) {
        self.state = state
        self.reason = reason
        self.camera = camera
        self.counts = counts
        self.latency = latency
        self.storage = storage
    }
}

/// One journal line as it stands in the file, without the line end.
public struct VerdictLine: Sendable, Equatable {
    public let sequence: UInt64
    public let bytes: [UInt8]

    public init(sequence: UInt64, bytes: [UInt8]) {
        self.sequence = sequence
        self.bytes = bytes
    }
}

/// The journal as the control plane reads it.
public protocol VerdictSource: Sendable {
    /// Sequence number of the newest acknowledged line, 0 = none.
    var lastSequence: UInt64 { get }
    /// Acknowledged lines with a sequence number of `first` or more, oldest first, at most `count`. May read files:
    /// never called on an event loop.
    func lines(from first: UInt64, count: Int) throws -> [VerdictLine]
    /// Yields soon after lines were acknowledged, several at once as one; a slow reader delays nobody.
    func changes() -> AsyncStream<Void>
}
