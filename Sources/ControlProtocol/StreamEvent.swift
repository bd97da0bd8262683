/// One event of `GET /v1/stream`.
package enum StreamEvent: Sendable, Equatable {
    case state(StatusReply)
    /// With its line as it stands in the journal.
    case verdict(InspectionRecord, line: [UInt8])
    case gap(TailGap)
    case heartbeat(Heartbeat)

    /// - Returns: nil for an event that this version does not know: there may be more.
    /// - Throws: when the data is not what the name says.
    package init?(name: String, data: [UInt8]) throws {
        switch name {
        case "state": self = .state(try ControlCoding.decode(StatusReply.self, from: data))
        case "verdict": self = .verdict(try ControlCoding.decode(InspectionRecord.self, from: data), line: data)
        case "gap": self = .gap(try ControlCoding.decode(TailGap.self, from: data))
        case "heartbeat": self = .heartbeat(try ControlCoding.decode(Heartbeat.self, from: data))
        default: return nil
        }
    }
}
