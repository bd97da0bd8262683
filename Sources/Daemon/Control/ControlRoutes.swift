import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore

/// Every path of the control API and what it does.
struct ControlRoutes<Model: StoredModel>: Sendable {
    let recipe: Recipe<Model>
    let refit: RefitService<Model>
    let line: @Sendable () -> LineReadings
    let feed: VerdictFeed
    let started = ContinuousClock.now

    func router() -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        router.add(middleware: ChangeLog())
        router.add(middleware: ErrorEnvelope())
        router.get("\(ControlPath.health)", use: health)
        router.get("\(ControlPath.metrics)", use: metrics)
        router.get("\(ControlPath.status)", use: status)
        addNormalRoutes(to: router)
        addModelRoutes(to: router)
        feed.addRoutes(to: router)
        return router
    }

    @Sendable private func health(_ request: Request, _ context: ControlContext) async throws -> Response {
        let readings = try await blocking { line() }
        return try .json(
            HealthReply(state: readings.state, reason: readings.reason),
            status: readings.state == .inspecting ? .ok : .serviceUnavailable)
    }

    @Sendable private func metrics(_ request: Request, _ context: ControlContext) async throws -> Response {
        let readings = try await blocking { line() }
        let text = PrometheusText(readings: readings, generation: recipe.view.active?.generation).text
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    @Sendable private func status(_ request: Request, _ context: ControlContext) async throws -> Response {
        let readings = try await blocking { line() }
        let view = recipe.view
        return try .json(
            StatusReply(
                version: FsacVersion.text, state: readings.state, reason: readings.reason,
                uptimeSeconds: (ContinuousClock.now - started) / .seconds(1), recipe: recipe.name,
                model: view.active.map(GenerationReply.init), normals: view.normals.count, fit: refit.status,
                camera: readings.camera, counts: readings.counts, latency: readings.latency,
                storage: readings.storage))
    }
}
