/// Body of `POST /v1/trigger`.
public struct TriggerRequest: Codable, Sendable, Equatable {
    /// Absent = the only camera with `trigger = "software"`.
    public var camera: String?
    /// The part's serial number: 1 to 128 printable characters.
    public var part: String?

    public init(camera: String? = nil, part: String? = nil) {
        self.camera = camera
        self.part = part
    }
}

/// Answer of `POST /v1/trigger`, given once the verdict is in the journal.
public struct TriggerReply: Codable, Sendable, Equatable {
    /// The journal line.
    public var inspection: InspectionRecord
    /// When the trigger came: microseconds of the daemon's `CLOCK_MONOTONIC`.
    public var triggeredMicroseconds: Int64
    /// The earliest moment at which the frame's exposure can have begun, by the same clock; never before the trigger.
    /// Absent when no frame came.
    public var exposedMicroseconds: Int64?

    public init(inspection: InspectionRecord, triggeredMicroseconds: Int64, exposedMicroseconds: Int64?) {
        self.inspection = inspection
        self.triggeredMicroseconds = triggeredMicroseconds
        self.exposedMicroseconds = exposedMicroseconds
    }

    private enum CodingKeys: String, CodingKey {
        case inspection
        case triggeredMicroseconds = "triggered_us"
        case exposedMicroseconds = "exposed_us"
    }
}
