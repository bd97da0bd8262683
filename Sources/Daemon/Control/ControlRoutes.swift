import ControlProtocol
import HTTPTypes
import Hummingbird
import Journal
import NIOCore
import Platform

/// Every path of the control API and what it does.
///
/// Handlers run on the server's event loops and Swift's pool, which never wait: what asks a disk or computes goes to a
/// lane of ``WorkLane``, what is in memory (`view`, `readings`) is read where it is: health asks nobody who could hang. A value; what it holds may
/// be used from anywhere.
struct ControlRoutes: Sendable {
    let book: RecipeBook
    let refit: RefitService
    let line: any LineControl
    let feed: VerdictFeed
    let commissions: CommissionLog
    let limits: LimitChecks
    let shots: ShotOperations
    let events: EventLog
    let teaching: TeachDesk
    let imports: ImportDesk
    let station: String
    let times: FindingTimes
    let io: IORoutes
    let statistics: StatisticsRoutes
    let judgements: JudgementRoutes
    let candidates: CandidateRoutes
    let alarms: AlarmRoutes
    let lots: LotRoutes
    let nearest: NearestRoutes
    let reload: @Sendable (_ author: ChangeAuthor) async throws -> ReloadReply
    let started = ContinuousClock.now

    var all: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.health, .vital, answer: health),
            ControlRoute(.get, ControlPath.metrics, .vital, answer: metrics),
            ControlRoute(.get, ControlPath.status, .vital) { _ in try Response.json(await status()) },
            ControlRoute(.post, ControlPath.trigger, TriggerRequest.self, isNeeded: false, answer: trigger),
            ControlRoute(.post, ControlPath.reload) { request in
                try Response.json(await reload(request.author))
            },
        ] + normalRoutes + modelRoutes + recipeRoutes + transferRoutes + commissionRoutes + teachRoutes + feed.routes
            + [
                stream(feed.places)
            ] + io.routes + statistics.routes + alarms.routes + lots.routes + nearest.routes + judgements.routes
            + candidates.routes { try entry($0) }
    }

    @Sendable private func health(_ request: ControlRequest) async throws -> Response {
        let health = line.readings.health
        // A monitor need not read the body.
        return try .json(HealthReply(health, times), status: health.isWell ? .ok : .serviceUnavailable)
    }

    @Sendable private func metrics(_ request: ControlRequest) async throws -> Response {
        let readings = line.readings
        let generations = book.entries.compactMap { entry in
            entry.recipe.view.active.map { (recipe: entry.name, generation: $0.generation) }
        }
        let text = PrometheusText(readings: readings, generations: generations).text
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// - Parameter places: for clients that follow.
    func stream(_ places: Budget) -> ControlRoute {
        let stream = LineStream(verdicts: feed.pictures.source, places: places, status: status)
        return ControlRoute(
            .get, ControlPath.stream, .stream, parameters: ["since", "last", "heartbeat_ms"], answer: stream.follow)
    }

    @Sendable private func status() async throws -> StatusReply {
        let readings = line.readings
        var recipes = try await recipes(readings.cameras)
        for index in recipes.indices { recipes[index].trend = readings.trends[recipes[index].name] }
        return StatusReply(
            version: FsacVersion.text, station: station, journal: feed.pictures.source.identity,
            health: HealthReply(readings.health, times),
            alarms: readings.alarms.isEmpty ? nil : readings.alarms,
            uptimeSeconds: (ContinuousClock.now - started) / .seconds(1), cameras: readings.cameras,
            recipes: recipes, counts: readings.counts, latency: readings.latency, storage: readings.storage)
    }

    /// Ends with the verdict.
    /// That is by the camera's deadline.
    @Sendable private func trigger(_ request: ControlRequest, _ wanted: TriggerRequest) async throws -> Response {
        // Machines trigger too often for it.
        if request.author.origin == .page {
            let camera = try line.triggeredCamera(wanted.camera, part: wanted.part)
            try await WorkLane.slow.run {
                try events.record(by: request.author) {
                    Change(.trigger, camera: camera, after: wanted.part.map { ["part": .text($0)] } ?? [:])
                } _: {
                }
            }
        }
        return try .json(await line.trigger(camera: wanted.camera, part: wanted.part, id: wanted.id))
    }
}
