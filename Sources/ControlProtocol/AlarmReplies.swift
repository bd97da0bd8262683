/// What somebody has to look at, though every part gets its verdict.
package enum AlarmKind: String, Codable, Sendable, CaseIterable {
    /// So many NG followed each other; INVALID parts in between neither count nor end the row.
    case consecutiveNG = "consecutive_ng"
    /// So many NG were among the newest OK and NG parts.
    case ngOfLast = "ng_of_last"
    /// So many INVALID parts followed each other.
    case consecutiveInvalid = "consecutive_invalid"
    /// No part has come for so long.
    case noPart = "no_part"
    /// Which alarms there were before the start cannot be read.
    case stateUnreadable = "state_unreadable"
}

/// One alarm of a camera, until somebody acknowledges it.
package struct AlarmReply: Codable, Sendable, Equatable {
    package var camera: String
    package var kind: AlarmKind
    /// For people: `5 NG in a row`.
    package var reason: String
    /// RFC 3339, UTC, by the wall clock.
    package var since: String
    /// Whether the output `ready` is inactive for it.
    package var stops: Bool

    package init(camera: String, kind: AlarmKind, reason: String, since: String, stops: Bool) {
        self.camera = camera
        self.kind = kind
        self.reason = reason
        self.since = since
        self.stops = stops
    }
}

/// Answer of `GET /v1/alarms` and `POST /v1/alarms/acknowledge`: the alarms that are left.
package struct AlarmListReply: Codable, Sendable, Equatable {
    package var alarms: [AlarmReply]

    package init(alarms: [AlarmReply]) { self.alarms = alarms }
}

/// Body of `POST /v1/alarms/acknowledge`.
package struct AlarmAcknowledgeRequest: RequestFields, Equatable {
    /// Absent = of all cameras.
    package var camera: String?

    package init(camera: String?) { self.camera = camera }

    package enum CodingKeys: String, CodingKey, CaseIterable { case camera }
}
