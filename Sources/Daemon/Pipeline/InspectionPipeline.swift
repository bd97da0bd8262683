import ControlProtocol
import Core

/// A frame in, a verdict out. Used by the inspection thread alone: the extractor owns scratch memory.
public struct InspectionPipeline {
    private let models: ModelSlot
    private var guards: FrameGuards
    private var extractor: FeatureExtractor?

    public init(models: ModelSlot, guards: FrameGuards) {
        self.models = models
        self.guards = guards
    }

    /// Total: whatever is wrong with the frame, the model or the score becomes INVALID, never OK.
    public mutating func inspect(_ frame: Frame) -> Inspection {
        var inspection = Inspection(frame)
        var clock = StageClock(since: frame.capturedAt)
        inspection.latency.wait = clock.lap()
        do throws(Invalidity) {
            let image = try Self.decode(try guards.picture(of: frame))
            inspection.image = image
            inspection.latency.decode = clock.lap()

            try guards.check(image)
            guard let model = models.current else { throw Invalidity(.noModel, models.absence) }
            inspection.generation = model.generation
            let features = extractor(for: model).features(of: image, layers: model.layers)
            inspection.latency.embed = clock.lap()

            let judgement = try Self.finite(model.judge(features, image), limit: model.limit)
            inspection.outcome = .judged(judgement, limit: model.limit)
            inspection.latency.score = clock.lap()
        } catch {
            inspection.outcome = .invalid(error)
        }
        inspection.latency.total = clock.total
        return inspection
    }

    private static func decode(_ picture: Picture) throws(Invalidity) -> Image {
        do {
            return try Image(decoding: picture.bytes)
        } catch {
            throw Invalidity(.decodeFailed, error.description)
        }
    }

    private mutating func extractor(for model: ActiveModel) -> FeatureExtractor {
        if let extractor, extractor.identity == model.backbone { return extractor }
        let new = model.makeExtractor()
        extractor = new
        return new
    }

    private static func finite(_ judgement: Judgement, limit: Float) throws(Invalidity) -> Judgement {
        guard judgement.score.isFinite, limit.isFinite, judgement.regions.allSatisfy(\.peak.isFinite) else {
            throw Invalidity(.scoreNotFinite, "score \(judgement.score), limit \(limit)")
        }
        return judgement
    }
}

/// Milliseconds of the monotonic clock, to the microsecond.
struct StageClock {
    private let start: ContinuousClock.Instant
    private var last: ContinuousClock.Instant

    init(since start: ContinuousClock.Instant) {
        self.start = start
        last = start
    }

    /// Since the lap before.
    mutating func lap() -> Double {
        let now = ContinuousClock.now
        defer { last = now }
        return Self.milliseconds(now - last)
    }

    var total: Double { Self.milliseconds(.now - start) }

    static func milliseconds(_ duration: Duration) -> Double {
        (duration / .microseconds(1)).rounded() / 1000
    }
}
