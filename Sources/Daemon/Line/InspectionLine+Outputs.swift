import Capture
import ControlProtocol
import LineIO
import Platform
import Settings
import Synchronization

extension InspectionLine {
    private static let loopPatience = Duration.seconds(1)

    /// A trigger that came by a line.
    ///
    /// - Parameter invalidity: why it will not be judged; its line is in the journal all the same.
    /// - Returns: false = it was refused, or does not fit into the journal's way any more: nobody will tell what became
    /// of it.
    package func takeTrigger(
        camera: String, number: UInt64, at triggeredAt: ContinuousClock.Instant, _ invalidity: Invalidity?
    ) -> Bool {
        // A reload may have given the camera another trigger, or taken it away: the lines are those of the start.
        guard let lane = cameras.withLock(\.lanes).first(where: { $0.setup.name == camera }),
            lane.setup.configuration.trigger == .line
        else { return false }
        var ticket = TriggerTicket(
            part: nil, recipe: lane.capture.recipe, triggeredAt: triggeredAt,
            deadline: triggeredAt + lane.setup.triggerDeadline
        ) { _ in }
        ticket.number = number
        if let invalidity {
            _ = queue.refuse(ticket, invalidity, in: lane.id)
            return false
        }
        do throws(TriggerRefusal) {
            try queue.trigger(ticket, in: lane.id)
            return true
        } catch {
            // At once on the lines; in the journal when its turn comes.
            _ = queue.refuse(ticket, Invalidity(.triggerOverrun, "\(error)"), in: lane.id)
            return false
        }
    }

    /// What the lines of a part's camera have to know before it is judged.
    func enlist(_ part: Part) -> Part {
        guard let desk = desks[part.camera] else { return part }
        var part = part
        if part.number == nil {
            // A free-running camera's frame is a part from here on, that it was exposed as earlier.
            let frame = try? part.frame.get()
            part.ownNumber = desk.announce(at: part.trigger?.triggeredAt ?? frame?.exposedAt ?? .now)
        }
        if let hindrance = desk.hindrance, case .success = part.frame { part.frame = .failure(hindrance) }
        return part
    }

    /// First of all that follows the journal: a part may be at the ejector.
    func tellOutputs(_ part: Part, _ record: InspectionRecord) {
        guard let number = part.number else { return }
        desks[part.camera]?.tell(number, record)
    }

    /// How the line does for a camera's parts: what is wrong with another camera is its own.
    func condition(of camera: String) -> OutputStateMachine.Condition {
        let (lanes, isStopping) = cameras.withLock { ($0.lanes, $0.phase == .stopping) }
        guard let lane = lanes.first(where: { $0.setup.name == camera }) else { return .init() }
        let causes = findings(lanes.map(\.reading), isStopping: isStopping).filter { $0.state != nil }
        let others = lanes.map(\.setup.name).filter { $0 != camera }.flatMap { ["camera \($0)", "io \($0)"] }
        let isWell = causes.allSatisfy { others.contains($0.place) }
        let moves = [progress, lane.capture.progress].allSatisfy { $0.hang(beyond: Self.loopPatience) == nil }
        return .init(
            isReady: isWell && moves && queue.hasPlace(in: lane.id) && alarms?.isStopped(camera) != true,
            isHealthy: causes.isEmpty && moves, isAlive: isWell && moves, hasAlarm: alarms?.hasAlarm(camera) == true)
    }
}
