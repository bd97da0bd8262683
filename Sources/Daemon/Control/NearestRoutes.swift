import ControlProtocol
import Hummingbird

/// What a part shows where it is most unusual, beside the good patch that is most like it.
struct NearestRoutes: Sendable {
    let desk: NearestDesk

    var routes: [ControlRoute] {
        [
            ControlRoute(.get, "\(ControlPath.inspections)/:seq/nearest", parameters: ["as"]) { request in
                let kind = request.query.text("as") ?? "png"
                guard ["png", "json"].contains(kind) else {
                    throw ControlError.invalidRequest("nearest: as=\(kind.prefix(40)): expected png or json")
                }
                let (reply, picture) = try await desk.nearest(to: try VerdictFeed.sequence(request))
                if kind == "json" { return try .json(reply) }
                guard let picture else { throw ControlError.notFound("nearest: \(reply.text)") }
                return .picture(picture, fileExtension: "png")
            }
        ]
    }
}
