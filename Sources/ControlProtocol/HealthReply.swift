/// Answer of `GET /healthz`: status 200 while every camera's frames are being inspected, 503 otherwise. It waits for
/// nothing that could hang, so a monitor may take silence for a fault.
package struct HealthReply: Codable, Sendable, Equatable {
    /// That of the worst cause.
    package var state: LineState
    /// Of the worst cause, in words; absent while inspecting.
    package var reason: String?
    /// All that keeps parts from their verdicts, the worst first; empty while inspecting.
    package var causes: [FindingReply]
    /// What is not as it should be while every part gets its verdict: pictures that are not stored, a fit that failed.
    package var warnings: [FindingReply]

    package init(state: LineState, reason: String?, causes: [FindingReply], warnings: [FindingReply]) {
        self.state = state
        self.reason = reason
        self.causes = causes
        self.warnings = warnings
    }
}

/// One thing that is not as it should be.
package struct FindingReply: Codable, Sendable, Equatable {
    /// Where: `camera cam0`, `inspection`, `journal`, `storage`, `pictures`, `fit`, `control`.
    package var place: String
    /// The state that it puts the line in; absent of a warning.
    package var state: LineState?
    package var reason: String
    /// When it was first seen to be so: RFC 3339, UTC, by the wall clock. For people.
    package var since: String?

    package init(place: String, state: LineState?, reason: String, since: String? = nil) {
        self.place = place
        self.state = state
        self.reason = reason
        self.since = since
    }
}
