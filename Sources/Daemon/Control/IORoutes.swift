import ControlProtocol
import Hummingbird
import Platform
import Settings

/// What is asked of the line's inputs and outputs.
struct IORoutes: Sendable {
    let desks: [OutputDesk]
    let events: EventLog

    var routes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.io) { _ in
                try .json(IOListReply(io: desks.map(\.reply)))
            },
            ControlRoute(.post, ControlPath.ioTest, IOTestRequest.self) { request, wanted in
                let desk = try desk(wanted.camera)
                let signal = try signal(wanted, desk)
                try await WorkLane.slow.run {
                    try events.record(by: request.author) {
                        Change(.output, camera: desk.io.camera, after: ["test": .text(signal.rawValue)])
                    } _: {
                        desk.test(signal)
                    }
                }
                return try .json(desk.reply)
            },
            ControlRoute(.post, ControlPath.ioAcknowledge, IOAcknowledgeRequest.self, isNeeded: false) {
                request, wanted in
                let desk = try desk(wanted.camera)
                let alarms = desk.reply.alarms.joined(separator: ", ")
                try await WorkLane.slow.run {
                    try events.record(by: request.author) {
                        Change(.output, camera: desk.io.camera, before: ["alarms": .text(alarms)])
                    } _: {
                        desk.clearAlarms()
                    }
                }
                return try .json(desk.reply)
            },
        ] + ModuleRoutes(modules: desks.compactMap(\.module)).routes
    }

    private func desk(_ camera: String?) throws -> OutputDesk {
        let names = desks.map(\.io.camera).joined(separator: ", ")
        guard !desks.isEmpty else { throw ControlError.notFound("io: no [[line_io]] is configured") }
        guard let camera else {
            guard desks.count == 1 else {
                throw ControlError.invalidRequest("camera: there are several (\(names)): name one")
            }
            return desks[0]
        }
        guard let desk = desks.first(where: { $0.io.camera == camera }) else {
            throw ControlError.notFound("camera: no lines for '\(camera)': there are \(names)")
        }
        return desk
    }

    private func signal(_ wanted: IOTestRequest, _ desk: OutputDesk) throws -> OutputSignal {
        let known = desk.io.outputs.keys.map(\.rawValue).sorted().joined(separator: ", ")
        guard let signal = OutputSignal(rawValue: wanted.output), desk.io.outputs[signal] != nil else {
            throw ControlError.invalidRequest("output: no output '\(wanted.output)': expected one of \(known)")
        }
        guard desk.isQuiet || wanted.force == true && signal != .ok && signal != .resultValid else {
            throw ControlError(
                code: .conflict,
                message:
                    "io: the line takes parts: stop the camera, or test with force; ok and result_valid are tested "
                    + "only while no part can be there, for they release one")
        }
        return signal
    }
}
