package import ControlProtocol

/// What is known of the line: a fold of the events of `GET /v1/stream`. No clock of its own.
package struct StationView: Sendable {
    /// The daemon sends a heartbeat each quarter of a second: three that stay away are none.
    package static let heartbeatMilliseconds = 250
    private static let patience = Duration.milliseconds(750)

    package private(set) var status: StatusReply?
    /// Of the newest line that was told, or that a gap told of.
    package private(set) var lastSequence: UInt64 = 0
    private var heard: ContinuousClock.Instant?
    /// When the daemon began, as early as a heartbeat of this stream had it: one that has it later was long on its way.
    private var started: ContinuousClock.Instant?

    package init() {}

    /// A connection begins. What was known stands, until it is known better.
    package mutating func begin() { started = nil }

    /// The connection broke, or was refused.
    package mutating func end() { heard = nil }

    /// Of another journal: its numbers begin anew.
    package mutating func forgetPlace() { lastSequence = 0 }

    /// - Returns: whether it was a heartbeat, and no old one.
    package mutating func take(_ event: StreamEvent, at now: ContinuousClock.Instant) -> Bool {
        switch event {
        case .state(let status): self.status = status
        case .verdict(let record, _): lastSequence = record.seq
        case .gap(let gap): lastSequence = gap.to
        case .heartbeat(let heartbeat):
            let start = now - .seconds(heartbeat.uptimeSeconds)
            let earliest = min(started ?? start, start)
            started = earliest
            guard start - earliest < Self.patience else { return false }
            heard = now
            return true
        }
        return false
    }

    /// Whether the daemon lives, and what is known is how the line is.
    package func isKnown(at now: ContinuousClock.Instant) -> Bool {
        guard let heard, status != nil else { return false }
        return now - heard < Self.patience
    }

    package func camera(_ name: String) -> CameraReply? { status?.cameras.first { $0.name == name } }

    /// That a camera's next part is judged by.
    package func recipe(of camera: String) -> RecipeReply? {
        self.camera(camera).flatMap { camera in status?.recipes.first { $0.name == camera.recipe } }
    }

    /// What keeps the parts of a camera from their verdicts; what is wrong with another camera is its own.
    package func fault(of name: String, at now: ContinuousClock.Instant) -> Fault {
        guard let status, isKnown(at: now) else { return .daemonLost }
        guard let camera = camera(name) else { return .noSuchCamera }
        let others = status.cameras.map(\.name).filter { $0 != name }.flatMap { ["camera \($0)", "io \($0)"] }
        let causes = status.causes.filter { !others.contains($0.place) }
        if let state = causes.first(where: { $0.state != nil })?.state { return Fault(state) }
        // Whatever the causes forgot.
        if camera.state != .inspecting { return Fault(camera.state) }
        if status.causes.isEmpty, status.state != .inspecting { return Fault(status.state) }
        return recipe(of: name)?.commission == nil ? .none : .commissioning
    }
}
