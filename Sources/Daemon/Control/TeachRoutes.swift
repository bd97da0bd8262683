import ControlProtocol
import Hummingbird
import Platform

/// Kept parts of the line and what they teach.
extension ControlRoutes {
    var teachRoutes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.teach, parameters: ["recipe"]) { request in
                try Response.json(teaching.reply(entry(request)))
            },
            ControlRoute(.post, ControlPath.teach, parameters: ["recipe", "accept", "force"]) { request in
                let isAccepted = try request.query.flag("accept", default: false)
                let isForced = try request.query.flag("force", default: false)
                guard isAccepted || !isForced else {
                    throw ControlError.invalidRequest(
                        "teach: force without accept: nothing is accepted that could be forced")
                }
                let reply = try teaching.start(
                    entry(request), isAccepted: isAccepted, isForced: isForced, by: request.author)
                return try Response.json(reply, status: .accepted)
            },
            ControlRoute(.delete, ControlPath.teach, parameters: ["recipe"]) { request in
                let entry = try entry(request)
                return try Response.json(await WorkLane.slow.run { try teaching.forget(entry) })
            },
        ]
    }
}
