import ControlProtocol
import Core
import Settings

/// A part in, a verdict out. Used by the inspection thread alone: the extractors own scratch memory.
package struct InspectionPipeline {
    /// Extractors that are kept for recipes that take turns.
    /// They hold scratch memory, and share the weights.
    private static let extractorLimit = 4

    /// The one used last at the end.
    private var extractors: [FeatureExtractor] = []
    private let ahead: DecodeAhead?

    /// - Parameter ahead: may have decoded a part by the time that it is inspected; nil = everything is decoded here.
    package init(ahead: DecodeAhead? = nil) {
        self.ahead = ahead
    }

    /// Total: whatever is wrong with the frame, the model or the score becomes INVALID, never OK.
    package mutating func inspect(_ part: Part) -> Inspection {
        var inspection = Inspection(part)
        var clock = StageClock(since: inspection.since)
        inspection.latency.wait = clock.lap()
        do throws(Invalidity) {
            // Taken once: the part is judged by one model from beginning to end, whatever is activated meanwhile.
            let taken = part.recipe.models.taken
            let known = try? taken.get()
            let picture = try FrameGuards.picture(of: part)
            let request = DecodeRequest(part, known)
            let size = try Self.size(of: picture)
            inspection.frameSize = PixelSize(height: size.height, width: size.width)
            try FrameGuards.check(size, expected: part.size, area: request.area)
            let image = try image(of: picture, part, request)
            // From here on there is a picture to keep, also of a part that is not judged: for its first shot.
            inspection.picture = picture
            inspection.latency.decode = clock.lap()

            // After the size, which is the better reason if it is wrong.
            guard !part.isBlind else {
                throw Invalidity(
                    .sizeMismatch, "the recipe's roi cannot be looked at in this frame for a part's presence")
            }
            try FrameGuards.check(image, brightness: part.recipe.brightness)
            // This late: without a model, too, people are told that the light is off.
            let model = try taken.get()
            inspection.generation = model.generation
            if let reason = model.withheld { throw reason }
            inspection.limitBy = model.limitBy
            if part.recipe.sceneShift != .off { inspection.sceneShift = model.scene?.shift(of: image) }
            if let shift = inspection.sceneShift, part.recipe.sceneShift == .invalid {
                throw Invalidity(.sceneShifted, shift.description)
            }
            let features = model.features(image, extractor(for: model))
            inspection.latency.embed = clock.lap()

            let judgement = try Self.finite(model.judge(features, size.height, size.width), limit: model.limit)
            inspection.outcome =
                model.isMuted ? .muted(score: judgement.score) : .judged(judgement, limit: model.limit)
            inspection.partsWanted = max(part.recipe.teachParts, model.isMuted ? model.commissionParts : 0)
            if inspection.partsWanted > 0, let streamPart = model.streamPart {
                inspection.streamPart = { number, score in streamPart(features, number, score) }
            }
            // An NG is the part's, and says nothing about drift.
            if inspection.verdict == .ok { inspection.position = model.scale?.position(of: judgement.score) }
            inspection.latency.score = clock.lap()
        } catch {
            inspection.outcome = .invalid(error)
        }
        // Also of what was not judged. The journal's own time is not in the line: it is written before that ends.
        inspection.latency.total = clock.total
        return inspection
    }

    private func image(
        of picture: Picture, _ part: Part, _ request: DecodeRequest
    ) throws(Invalidity) -> Image {
        if let image = ahead?.take(part, request) { return image }
        return try request.image(of: picture)
    }

    static func size(of picture: Picture) throws(Invalidity) -> (height: Int, width: Int) {
        do {
            return try picture.size()
        } catch {
            throw Invalidity(.decodeFailed, error.description)
        }
    }

    /// No more of it than the model needs; nil = there is no model, and only the brightness counts.
    static func decode(_ picture: Picture, _ area: InspectionArea, side: Int?) throws(Invalidity) -> Image {
        do {
            return try area.image(of: picture, inputSize: side ?? ShotPicture.smallestSide)
        } catch {
            throw Invalidity(.decodeFailed, error.description)
        }
    }

    private mutating func extractor(for model: ActiveModel) -> FeatureExtractor {
        if let index = extractors.firstIndex(where: { $0.identity == model.backbone }) {
            extractors.append(extractors.remove(at: index))
        } else {
            if extractors.count == Self.extractorLimit { extractors.removeFirst() }
            extractors.append(model.makeExtractor())
        }
        return extractors[extractors.count - 1]
    }

    /// The last gate before a verdict: what is no number is not compared with anything.
    static func finite(_ judgement: Judgement, limit: Float) throws(Invalidity) -> Judgement {
        guard judgement.score.isFinite, limit.isFinite, judgement.regions.allSatisfy(\.peak.isFinite) else {
            throw Invalidity(.scoreNotFinite, "score \(judgement.score), limit \(limit)")
        }
        return judgement
    }
}

/// Milliseconds of the continuous clock, to the microsecond: no time of day, which jumps.
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
