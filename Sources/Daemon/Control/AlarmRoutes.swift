import ControlProtocol
import Hummingbird
import Platform

/// What somebody has to look at, and that somebody did.
struct AlarmRoutes: Sendable {
    let desk: AlarmDesk
    let events: EventLog

    var routes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.alarms) { _ in try .json(AlarmListReply(alarms: desk.alarms)) },
            ControlRoute(.post, ControlPath.alarmsAcknowledge, AlarmAcknowledgeRequest.self, isNeeded: false) {
                request, wanted in
                let camera: String?
                do throws(AlarmDesk.UnknownCamera) {
                    camera = try desk.camera(wanted.camera)
                } catch {
                    throw ControlError.notFound(
                        "alarm: no camera '\(error.name)': there are \(error.known.joined(separator: ", "))")
                }
                try await WorkLane.slow.run { try desk.acknowledge(camera, by: request.author, events) }
                return try .json(AlarmListReply(alarms: desk.alarms))
            },
        ]
    }
}
