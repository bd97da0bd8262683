import Capture
import Core
import Daemon
import Settings
import Synchronization

/// Pictures and models whose verdicts a test can foresee: the score is the mean of the picture's first pixel.
enum TestLine {
    static func picture(_ level: UInt8, height: Int = 24, width: Int = 40) -> Image {
        Image(height: height, width: width, pixels: [UInt8](repeating: level, count: height * width * 3))
    }

    static func frame(_ level: UInt8, name: String = "part.png", number: UInt64 = 1) -> Frame {
        Frame(name: name, number: number, payload: .success(Picture(.file, bytes: picture(level).pngBytes())))
    }

    static func recipe(
        name: String = "default", _ models: ModelSlot = ModelSlot(), brightness: ClosedRange<Double> = 0...255,
        frozenFrames: Int = 0, area: InspectionArea = .wholeFrame,
        sceneShift: Configuration.RecipeSettings.SceneShiftPolicy = .warn
    ) -> LineRecipe {
        LineRecipe(
            name: name, models: models, brightness: brightness, frozenFrames: frozenFrames, area: area,
            sceneShift: sceneShift)
    }

    static func model(
        generation: Int = 1, limit: Float = 100, inputSize: Int = 8, area: InspectionArea = .wholeFrame,
        scene: SceneMonitor? = nil, scale: ScoreScale? = nil, made: Counter? = nil,
        score: @escaping @Sendable (Float) -> Float = { $0 },
        refusal: Invalidity? = nil
    ) -> ActiveModel {
        let identity = BackboneIdentity(name: "test", sha256: "00", inputSize: inputSize)
        return ActiveModel(
            generation: generation, limit: limit, backbone: identity, area: area,
            scene: scene, scale: scale,
            makeExtractor: {
                made?.add()
                return FeatureExtractor(identity: identity, layerCount: 1) { image, _, _ in
                    features([Float(image.pixels[0])])
                }
            },
            features: { image, extractor in extractor.features(of: image, FeatureRequest(layers: [1])) },
            judge: { features, height, width throws(Invalidity) in
                if let refusal { throw refusal }
                let value = score(features.classToken?.first ?? .nan)
                let region = Region(x: 1, y: 2, width: width - 2, height: height - 4, peak: value)
                return Judgement(score: value, regions: value >= limit ? [region] : []) { $0 }
            })
    }

    static func features(_ token: [Float]) -> Features {
        let map = FeatureMap(
            grid: PatchGrid(rows: 1, columns: 1), tokens: Matrix(rows: 1, columns: token.count, values: token))
        return Features(classToken: token, patchTokens: map, layers: [1: map])
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)
    func add() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }
}
