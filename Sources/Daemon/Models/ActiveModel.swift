package import ControlProtocol
package import Core
import Synchronization

/// What a model says of one picture.
package struct Judgement: Sendable {
    /// Higher = more anomalous.
    package let score: Float
    /// What is at the limit or above, in pixels of the picture.
    package let regions: [Region]
    /// The score is so near to the limit that OK and NG are both poorly supported.
    package let isUncertain: Bool
    /// Draws the heat map over the picture. Costs time, and is done after the verdict.
    package let drawHeatMap: @Sendable (Image) -> Image

    package init(
        score: Float, regions: [Region], isUncertain: Bool = false, drawHeatMap: @escaping @Sendable (Image) -> Image
    ) {
        self.score = score
        self.regions = regions
        self.isUncertain = isUncertain
        self.drawHeatMap = drawHeatMap
    }
}

/// One generation as the line uses it; immutable.
///
/// Closures in place of types, so that the line is tested without weights. All of them compute on the calling
/// thread; what has scratch memory is the extractor, which each thread makes for itself.
package struct ActiveModel: Sendable {
    package let generation: Int
    /// The score at which a part is rejected.
    package let limit: Float
    /// What `makeExtractor` makes. While it stays the same, the line keeps the extractor that it has: making one costs
    /// time and memory.
    package let backbone: BackboneIdentity
    /// The shorter side that pictures are decoded to, see `FittedModel.pictureSide`.
    package let pictureSide: Int
    /// What of the frame it was fitted with.
    package let area: InspectionArea
    /// Looks at pictures as a whole; nil when the model knows nothing of its shots' scene.
    package let scene: SceneMonitor?
    /// Places OK scores between what is typical and the limit that the shots gave.
    package let scale: ScoreScale?
    /// Parts are scored, but get no verdict that anybody may act on: the recipe is being commissioned.
    package var isMuted = false
    /// Parts that are wanted for the commissioning that goes on; 0 = none does.
    package var commissionParts = 0
    /// What is kept of a part to teach the model by; nil of a method that cannot be taught.
    package var streamPart: (@Sendable (_ features: Features, _ number: UInt64, _ score: Float) -> StreamPart?)?
    /// Where a picture is most unusual, and what remembered patch is most like that. As ``judge``; nil of a model that cannot say.
    package var nearest: (@Sendable (Features, _ height: Int, _ width: Int) throws(Invalidity) -> NearestPatch)?
    /// Why no part gets a verdict by it; nil = they do.
    package var withheld: Invalidity?
    /// Who set the limit; nil = calibration.
    package var limitBy: LimitOrigin?
    /// Called on the thread that alone uses the result: inspection's, or one that judges stored pictures beside it.
    package let makeExtractor: @Sendable () -> FeatureExtractor
    /// What the model needs of a picture, which is the inspected area already.
    package let features: @Sendable (Image, FeatureExtractor) -> Features
    /// Height and width are the frame's, in which regions are told. Throws when what was computed does not fit the
    /// model: the part is INVALID, and never judged by numbers that do not belong together.
    package let judge: @Sendable (Features, _ height: Int, _ width: Int) throws(Invalidity) -> Judgement

    package init(
        generation: Int, limit: Float, backbone: BackboneIdentity, pictureSide: Int? = nil,
        area: InspectionArea = .wholeFrame,
        scene: SceneMonitor? = nil, scale: ScoreScale? = nil,
        makeExtractor: @escaping @Sendable () -> FeatureExtractor,
        features: @escaping @Sendable (Image, FeatureExtractor) -> Features,
        judge: @escaping @Sendable (Features, _ height: Int, _ width: Int) throws(Invalidity) -> Judgement
    ) {
        self.generation = generation
        self.limit = limit
        self.backbone = backbone
        self.pictureSide = pictureSide ?? backbone.inputSize
        self.area = area
        self.scene = scene
        self.scale = scale
        self.makeExtractor = makeExtractor
        self.features = features
        self.judge = judge
    }
}

extension ActiveModel {
    /// A fitted model with the backbone that computes the line's features, at the input size that the model names: a
    /// generation of other settings goes on as it was fitted until the next fit. Nil when the backbone cannot compute
    /// what the model was fitted with.
    package init?(generation: Int, model: FittedModel, extractors: ExtractorSource, parallelism: Parallelism) {
        guard extractors.serves(model) else { return nil }
        let inputSize = model.backbone.inputSize
        let identity = BackboneIdentity(
            name: extractors.name, sha256: extractors.sha256, inputSize: inputSize, precision: extractors.precision)
        let check = { @Sendable (features: Features, height: Int, width: Int) throws(Invalidity) in
            guard model.accepts(features) else {
                throw Invalidity(
                    .modelMismatch, "fitted with \(model.backbone), the line computes \(identity): fit again")
            }
            guard model.accepts(height: height, width: width) else {
                let frame = (model.frame ?? model.partFrame).map { "\($0.height) x \($0.width)" } ?? "any size"
                throw Invalidity(
                    .sizeMismatch,
                    "the model was fitted in frames of \(frame) (height x width), got \(height) x \(width)")
            }
            guard model.showsPart(features) else { throw .partNotFound }
        }
        self.init(
            generation: generation, limit: model.calibration.limit, backbone: identity,
            pictureSide: model.pictureSide, area: model.settings.area, scene: model.scene.map(SceneMonitor.init),
            scale: ScoreScale(model.calibration),
            makeExtractor: { extractors.extractor(inputSize: inputSize) },
            features: { image, extractor in model.features(of: image, by: extractor) },
            judge: { features, height, width throws(Invalidity) in
                try check(features, height, width)
                return Judgement(
                    model: model, scores: model.score(features, parallelism: parallelism), height: height, width: width)
            })
        nearest = { features, height, width throws(Invalidity) in
            try check(features, height, width)
            return model.nearest(features, parallelism: parallelism)
        }
        guard model.canBeTaught else { return }
        streamPart = { features, number, score in model.streamPart(features, number: number, score: score) }
    }
}

extension Judgement {
    /// An anomaly map has at most so many pixels, unless the model's area is given in those of the frame: a map of patches has
    /// nothing finer to show, and that of a large picture would take gigabytes and half a minute.
    private static let mapPixels = 4 << 20

    /// - Parameters:
    ///   - height: of the frame, in pixels.
    fileprivate init(model: FittedModel, scores: ScoreMap, height: Int, width: Int) {
        // Enlarging and smoothing raise no value: a map below the limit has no regions, and needs not be drawn to know.
        let hasRegions =
            scores.imageScore.isReject(at: model.calibration.limit)
            || scores.hasReject(at: model.calibration.limit)
        var factor = 1
        while model.frame == nil, height / factor * (width / factor) > Self.mapPixels { factor += 1 }
        let draw: @Sendable () -> Matrix = { [factor] in
            model.anomalyMap(of: scores, height: height / factor, width: width / factor)
        }
        let map = hasRegions ? draw() : nil
        let regions =
            map.map { map in
                model.regions(in: map, imageScore: scores.imageScore).map {
                    $0.enlarged(by: factor, height: height, width: width)
                }
            } ?? []
        self.init(
            score: scores.imageScore, regions: regions,
            isUncertain: model.calibration.band.contains(scores.imageScore)
        ) { image in
            image.withHeatMap(
                anomalyMap: map ?? draw(),
                limit: model.calibration.limit, regions: regions, area: model.settings.area)
        }
    }
}

/// The model in use, or why there is none. It is swapped between frames: a frame is judged by one model from beginning to end.
package final class ModelSlot: Sendable {
    /// Taken once a part: what is taken stays whole while another is put here.
    private let model: Mutex<Result<ActiveModel, Invalidity>>

    package init(_ absence: Invalidity = .nothingFitted) {
        model = Mutex(.failure(absence))
    }

    package var taken: Result<ActiveModel, Invalidity> { model.withLock { $0 } }

    package var current: ActiveModel? { try? taken.get() }

    /// Why no part gets a verdict; nil = they do.
    package var hindrance: Invalidity? {
        switch taken {
        case .success(let model): model.withheld
        case .failure(let absence): absence
        }
    }

    /// The next frame is judged by this one.
    package func activate(_ new: ActiveModel) {
        model.withLock { $0 = .success(new) }
    }

    /// From the next frame on none is judged.
    package func withdraw(_ reason: Invalidity) {
        model.withLock { $0 = .failure(reason) }
    }
}
