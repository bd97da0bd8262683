import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore
import Page

extension ControlRoutes {
    /// Of the control API, what the page reads.
    private static let read: Set = [
        ControlPath.status, ControlPath.history, ControlPath.statistics, "\(ControlPath.inspections)/:seq",
        "\(ControlPath.inspections)/:seq/image", "\(ControlPath.inspections)/:seq/heatmap",
        "\(ControlPath.inspections)/:seq/nearest", ControlPath.metrics,
    ]
    /// Searches of the journal at a time: they read files.
    private static let searches = 2

    /// A closed list, of which nothing changes anything.
    ///
    /// - Parameter streams: places for pages that follow the line.
    func forPage(_ streams: Budget) -> [ControlRoute] {
        let searches = Budget(Self.searches)
        return all.filter { $0.method == .get && Self.read.contains($0.path) }.map { route in
            [ControlPath.history, ControlPath.statistics].contains(route.path) ? route.sharing(searches) : route
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
