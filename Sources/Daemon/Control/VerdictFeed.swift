import ControlProtocol
import HTTPTypes
import Hummingbird
import Journal
import NIOCore
import Platform

/// Serves the journals: verdicts, each also with its pictures, and events.
struct VerdictFeed: Sendable {
    /// What of a journal line decides whether it is sent.
    private struct Fields: Decodable {
        var verdict: Verdict
        var part: String?
    }

    let pictures: VerdictPictures
    /// For clients that follow a journal.
    let places: Budget
    private let verdicts: LineFeed
    private let events: LineFeed

    /// - Parameter streamLimit: clients that may follow at once.
    init(_ pictures: VerdictPictures, events: any VerdictSource, streamLimit: Int) {
        self.pictures = pictures
        places = Budget(streamLimit)
        let identity = { @Sendable [source = pictures.source] in source.identity }
        verdicts = LineFeed(source: pictures.source, places: places, identity: identity)
        self.events = LineFeed(source: events, places: places, identity: identity)
    }

    var routes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.history, parameters: ["since", "limit", "verdict", "part"]) { request in
                try await verdicts.history(request, where: try Self.filter(request))
            },
            ControlRoute(.get, ControlPath.tail, .stream, parameters: ["since", "last", "verdict", "part"]) { request in
                try await verdicts.tail(request, where: try Self.filter(request))
            },
            ControlRoute(.get, ControlPath.events, parameters: ["since", "limit"]) { request in
                try await events.history(request)
            },
            ControlRoute(.get, ControlPath.eventsTail, .stream, parameters: ["since", "last"]) { request in
                try await events.tail(request)
            },
            ControlRoute(.get, "\(ControlPath.inspections)/:seq") { request in
                let sequence = try Self.sequence(request)
                let line = try await WorkLane.quick.run { try pictures.line(of: sequence) }
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: line.bytes + [UInt8(ascii: "\n")])))
            },
            pictureRoute(.image), pictureRoute(.heatmap),
        ]
    }

    private func pictureRoute(_ kind: VerdictPictures.Kind) -> ControlRoute {
        ControlRoute(.get, "\(ControlPath.inspections)/:seq/\(kind.rawValue)") { request in
            let picture = try await pictures.picture(of: try Self.sequence(request), kind)
            return Response.picture(picture.bytes, fileExtension: picture.fileExtension)
        }
    }
}

extension VerdictFeed {
    /// Nil = all verdicts.
    private static func filter(_ request: ControlRequest) throws -> LineFeed.Filter? {
        let part = request.query.text("part")
        let verdict = try request.query.text("verdict").map { text in
            guard let verdict = Verdict(rawValue: text.uppercased()) else {
                throw ControlError.invalidRequest("tail: verdict=\(text.prefix(40)): expected OK, NG or INVALID")
            }
            return verdict
        }
        guard part != nil || verdict != nil else { return nil }
        return { line in
            let fields = try ControlCoding.decode(Fields.self, from: line.bytes)
            return verdict ?? fields.verdict == fields.verdict && part ?? fields.part == fields.part
        }
    }

    static func sequence(_ request: ControlRequest) throws -> UInt64 {
        let text = request.placeholder("seq")
        guard let sequence = UInt64(text) else {
            throw ControlError.invalidRequest("inspections: '\(text.prefix(40))': expected a sequence number")
        }
        return sequence
    }
}
