import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore
import Page
import Settings

extension ControlRoutes {
    /// Of the control API, what the page reads.
    private static let read: Set = [
        ControlPath.status, ControlPath.history, ControlPath.statistics, "\(ControlPath.inspections)/:seq",
        "\(ControlPath.inspections)/:seq/image", "\(ControlPath.inspections)/:seq/heatmap",
        "\(ControlPath.inspections)/:seq/nearest", ControlPath.metrics, ControlPath.judgements,
        ControlPath.lots,
    ]
    /// Searches of the journal at a time: they read files.
    private static let searches = 2

    /// What each action is of the control API.
    private static func requests(
        of action: Configuration.PageAction
    ) -> [(method: HTTPRequest.Method, path: String)] {
        switch action {
        case .acknowledge: [(.post, ControlPath.alarmsAcknowledge), (.post, ControlPath.ioAcknowledge)]
        case .judge: [(.post, ControlPath.judgements)]
        case .lot: [(.put, ControlPath.lots)]
        case .recipe: [(.post, ControlPath.recipeUse)]
        case .trigger: [(.post, ControlPath.trigger)]
        }
    }

    /// A closed list, of which nothing changes anything but the actions.
    ///
    /// - Parameters:
    ///   - streams: places for pages that follow the line.
    ///   - hasPIN: whether the actions need one.
    func forPage(_ streams: Budget, _ actions: [Configuration.PageAction], hasPIN: Bool) -> [ControlRoute] {
        let searches = Budget(Self.searches)
        let changes = actions.flatMap(Self.requests)
        let allowed = ControlRoute(.get, ControlPath.actions) { _ in
            try .json(ActionListReply(actions: actions.map(\.rawValue), pin: hasPIN))
        }
        return [allowed]
            + all.filter { route in changes.contains { $0.method == route.method && $0.path == route.path } }
            + all.filter { $0.method == .get && Self.read.contains($0.path) }.map { route in
                [ControlPath.history, ControlPath.statistics, ControlPath.judgements].contains(route.path)
                    ? route.sharing(searches) : route
            } + [stream(streams)]
            + PageFile.all.map { file in
                ControlRoute(.get, file.path, parameters: file.parameters) { _ in Response(file) }
            }
    }
}

extension ControlRoute {
    /// The same, for a few clients at a time.
    fileprivate func sharing(_ places: Budget) -> ControlRoute {
        ControlRoute(method, path, kind, parameters: parameters) { request in
            guard let place = places.take(1) else {
                throw ControlError(code: .unavailable, message: "page: others search the journal: try again")
            }
            var response = try await answer(request)
            let body = response.body
            response.body = ResponseBody { writer in
                defer { withExtendedLifetime(place) {} }
                try await body.write(writer)
            }
            return response
        }
    }
}

extension Response {
    fileprivate init(_ file: PageFile) {
        self.init(
            status: .ok, headers: [.contentType: file.type],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }
}
