import ControlProtocol
import Core
import Journal
import Logging
import Synchronization

extension InspectionLine {
    /// Parts of the journal that a trend begins with at the start.
    private static let recalledParts = 1000

    /// Counts a verdict, for the line and for its camera. On the inspection thread, once it is in the journal. A camera
    /// that a reload took away meanwhile counts no more.
    func count(_ inspection: Inspection) {
        // Up to here, the journal's time included: what the latency of status means.
        let milliseconds = StageClock(since: inspection.since).total
        counters.withLock { $0.count(inspection, milliseconds: milliseconds) }
        // By the run that it came from, not by the camera's name: the next run has nothing to do with it.
        let lane = cameras.withLock { $0.lanes.first { $0.id == inspection.part.lane } }
        lane?.count(inspection, milliseconds: milliseconds)
    }

    /// Notes a verdict, and logs what is worth it. On the inspection thread: the log never waits.
    func noteTrend(of inspection: Inspection) {
        let name = inspection.part.recipe.name
        let events = trends.withLock { trends in
            trends[name, default: RecipeTrend()].note(
                generation: inspection.generation, position: inspection.position,
                shift: inspection.sceneShift?.description, at: .now)
        }
        for event in events { log(event, recipe: name, camera: inspection.part.camera) }
    }

    private func log(_ event: RecipeTrend.Event, recipe name: String, camera: String) {
        let place: Logger.Metadata = ["recipe": "\(name)", "camera": "\(camera)"]
        switch event {
        case .sceneShifted(let words):
            logger.warning("the scene has shifted", metadata: place.merging(["shift": "\(words)"]) { $1 })
        case .drifted(let position, let parts):
            logger.warning(
                "scores of good parts drift: look at light, lens and parts, or add normal shots",
                metadata: place.merging(["drift": "\(position)", "parts": "\(parts)"]) { $1 })
        case .driftEnded(let position):
            logger.notice("scores of good parts are as usual", metadata: place.merging(["drift": "\(position)"]) { $1 })
        }
    }

    /// Begins the trends of the recipes in use with what the journal has of their generations.
    /// Read before the services run. OK scores only, and of the generation in use: others are on another scale.
    func recallTrends() {
        var scales: [String: (generation: Int, scale: ScoreScale)] = [:]
        for lane in cameras.withLock(\.lanes) {
            let recipe = lane.capture.recipe
            guard let model = recipe.models.current, let scale = model.scale else { continue }
            scales[recipe.name] = (model.generation, scale)
        }
        guard !scales.isEmpty else { return }
        do {
            for line in try journal.lines(before: journal.lastSequence + 1, count: Self.recalledParts) {
                let record = try ControlCoding.decode(InspectionRecord.self, from: line.bytes)
                guard record.verdict == .ok, let score = record.score, let known = scales[record.recipe],
                    known.generation == record.generation
                else { continue }
                trends.withLock { trends in
                    _ = trends[record.recipe, default: RecipeTrend()].note(
                        generation: record.generation, position: known.scale.position(of: score), shift: nil, at: .now)
                }
            }
        } catch {
            // A trend is a convenience: nothing else depends on it.
            logger.warning(
                "the trend of the scores cannot be read from the journal: it begins anew",
                metadata: ["error": "\(error)"])
        }
    }
}
