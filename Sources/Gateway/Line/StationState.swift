package import ControlProtocol

/// What a broker keeps of a station: how the line is, for whoever asks later.
package struct StationState: Encodable, Sendable, Equatable {
    package struct Camera: Encodable, Sendable, Equatable {
        var name: String
        var state: LineState
        var fault: String?
        var recipe: String
    }

    package var station: String
    package var journal: String?
    /// That of the line, or `not_known` while fsacd does not answer.
    package var state: String
    /// What keeps parts from their verdicts, in words; absent while nothing does.
    package var fault: String?
    /// When that was first seen, RFC 3339.
    package var since: String?
    package var cameras: [Camera]?
    /// Kinds of alarms that nobody has acknowledged, by camera; absent = none.
    package var alarms: [String]?
    package var version: String?
    /// Of the newest line when this was told.
    package var lastSequence: UInt64?

    private enum CodingKeys: String, CodingKey {
        case station, journal, state, fault, since, cameras, alarms, version
        case lastSequence = "last_seq"
    }

    /// - Parameter status: nil = nothing is known of the line.
    package init(_ status: StatusReply?, station: String, lastSequence: UInt64) {
        self.station = station
        guard let status else {
            (state, fault) = ("not_known", "fsacd does not answer")
            return
        }
        journal = status.journal
        state = status.state.rawValue
        fault = status.reason
        since = status.causes.first?.since
        cameras = status.cameras.map { Camera(name: $0.name, state: $0.state, fault: $0.reason, recipe: $0.recipe) }
        alarms = status.alarms.map { $0.map { "\($0.camera) \($0.kind.rawValue)" } }
        version = status.version
        self.lastSequence = lastSequence
    }

    /// Without what is different with each part.
    package var comparable: StationState {
        var state = self
        state.lastSequence = nil
        return state
    }

    /// Of a gateway that is not there.
    package static func only(_ state: String, station: String) -> [UInt8] {
        Array(#"{"state":"\#(state)","station":"\#(station)"}"#.utf8)
    }
}
