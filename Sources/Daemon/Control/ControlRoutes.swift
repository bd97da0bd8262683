import ControlProtocol
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// Every path of the control API and what it does.
///
/// Handlers run on the server's event loops and Swift's pool, which never wait: what asks a disk or computes goes to a
/// lane of ``WorkLane``, what is in memory (`view`, `cameraReadings`) is read where it is. A value; what it holds may
/// be used from anywhere.
struct ControlRoutes: Sendable {
    let book: RecipeBook
    let refit: RefitService
    let line: any LineControl
    let feed: VerdictFeed
    let commissions: CommissionLog
    let shots: ShotOperations
    let reload: @Sendable () async throws -> ReloadReply
    let started = ContinuousClock.now

    func router() -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        // Outer first: the log sees the status that the envelope made of an error.
        router.add(middleware: ChangeLog())
        router.add(middleware: ErrorEnvelope())
        router.get("\(ControlPath.health)", use: health)
        router.get("\(ControlPath.metrics)", use: metrics)
        router.get("\(ControlPath.status)", use: status)
        router.post("\(ControlPath.trigger)", use: trigger)
        router.post("\(ControlPath.reload)") { _, _ in try Response.json(await reload()) }
        addNormalRoutes(to: router)
        addModelRoutes(to: router)
        addRecipeRoutes(to: router)
        addCommissionRoutes(to: router)
        feed.addRoutes(to: router)
        return router
    }

    @Sendable private func health(_ request: Request, _ context: ControlContext) async throws -> Response {
        let readings = try await WorkLane.quick.run { line.readings }
        return try .json(
            HealthReply(state: readings.state, reason: readings.reason),
            // A monitor need not read the body.
            status: readings.state == .inspecting ? .ok : .serviceUnavailable)
    }

    @Sendable private func metrics(_ request: Request, _ context: ControlContext) async throws -> Response {
        let readings = try await WorkLane.quick.run { line.readings }
        let generations = book.entries.compactMap { entry in
            entry.recipe.view.active.map { (recipe: entry.name, generation: $0.generation) }
        }
        let text = PrometheusText(readings: readings, generations: generations).text
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    @Sendable private func status(_ request: Request, _ context: ControlContext) async throws -> Response {
        let readings = try await WorkLane.quick.run { line.readings }
        var recipes = try await recipes(readings.cameras)
        for index in recipes.indices { recipes[index].trend = readings.trends[recipes[index].name] }
        return try .json(
            StatusReply(
                version: FsacVersion.text, state: readings.state, reason: readings.reason,
                uptimeSeconds: (ContinuousClock.now - started) / .seconds(1), cameras: readings.cameras,
                recipes: recipes, counts: readings.counts, latency: readings.latency,
                storage: readings.storage))
    }

    /// Ends with the verdict.
    /// That is by the camera's deadline, which the configuration keeps shorter than the server's patience.
    @Sendable private func trigger(_ request: Request, _ context: ControlContext) async throws -> Response {
        let wanted = try await request.decoded(TriggerRequest.self)
        return try .json(await line.trigger(camera: wanted.camera, part: wanted.part))
    }
}
