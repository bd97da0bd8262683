/// Body of `POST /v1/trigger`. Once it is accepted there is a journal line, whatever becomes of the client.
package struct TriggerRequest: RequestFields, Equatable {
    /// Absent = the only camera with `trigger = "software"`.
    package var camera: String?
    /// The part's serial number: 1 to 128 printable characters.
    package var part: String?
    /// The client's own number of the trigger. The journal line has it, too, so whoever reads lines knows which trigger one
    /// answers.
    package var id: UInt32?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case camera, part, id
    }

    package init(camera: String? = nil, part: String? = nil, id: UInt32? = nil) {
        self.camera = camera
        self.part = part
        self.id = id
    }
}

/// Answer of `POST /v1/trigger`, given once the verdict is in the journal. The status is 200 whatever the verdict: a
/// PLC has to look at `inspection.verdict`.
package struct TriggerReply: Codable, Sendable, Equatable {
    /// The journal line.
    package var inspection: InspectionRecord
    /// When the trigger came: microseconds of the daemon's `CLOCK_MONOTONIC`, which other programs of the same computer
    /// can read, too.
    package var triggeredMicroseconds: Int64
    /// The earliest moment at which the frame's exposure can have begun, by the same clock; never before the trigger.
    /// Absent when no frame came.
    package var exposedMicroseconds: Int64?

    package init(inspection: InspectionRecord, triggeredMicroseconds: Int64, exposedMicroseconds: Int64?) {
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
