import Core
import Foundation
import TestSupport
import Testing

/// What `make weights` leaves, when it has been run.
enum RealModels {
    static let directory: ModelsDirectory = {
        let made = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../../models"
        return ModelsDirectory(path: ProcessInfo.processInfo.environment["FSAC_MODELS"] ?? made)
    }()
}

private let models = RealModels.directory

@Suite struct RealBackboneTests {
    @Test(
        .enabled(if: !models.names.isEmpty, "no models: run `make weights` or set FSAC_MODELS"),
        arguments: WeightArchitecture.fixed)
    func everyLayerIsThatOfPyTorch(architecture: WeightArchitecture) throws {
        let model = try BackboneModel.load(architecture.rawValue, modelsDirectory: models)
        let fixture = try BackboneFixture(architecture.rawValue)
        let layers = Array(1...model.layerCount)
        #expect(fixture.sizes.count == 3 && fixture.sizes.contains { $0.height != $0.width })
        for size in fixture.sizes {
            let input = BackboneFixture.input(size)
            let serial = model.makeBackbone(input: size, parallelism: .serial)
                .features(of: input, FeatureRequest(layers: layers, finalTokens: true))
            let difference = try fixture.difference(from: serial, size: size)
            #expect(difference == nil, "at \(size)")
            let parallel = model.makeBackbone(input: size, parallelism: Parallelism(threads: 2))
            let features = parallel.features(of: input, FeatureRequest(layers: layers, finalTokens: true))
            let threadsDifference = firstDifference(features, serial, rtol: 1e-4)
            #expect(threadsDifference == nil, "at \(size)")
            let isSame = parallel.features(of: input, FeatureRequest(layers: layers, finalTokens: true)) == features
            #expect(isSame)
        }
    }

    @Test(
        .enabled(if: !models.names.isEmpty, "no models: run `make weights` or set FSAC_MODELS"),
        .enabled(if: IntegerPath.best != .plain, "a processor without AVX2"),
        arguments: [WeightArchitecture.dinoV2Small, .fsacViTSmall, .efficientNetLite0])
    func layersInIntegersSayAlmostTheSameOnAnyNumberOfThreads(architecture: WeightArchitecture) throws {
        let single = try BackboneModel.load(architecture.rawValue, modelsDirectory: models)
        let auto = try BackboneModel.load(architecture.rawValue, modelsDirectory: models, precision: .auto)
        let reduced = architecture == .efficientNetLite0 ? ReducedPrecision.int16 : .int8
        #expect(single.reducedPrecision == nil && auto.reducedPrecision == reduced)
        let input = single.preprocessing.input(from: .golden, size: 224)
        let request = FeatureRequest(layers: Array(1...single.layerCount), finalTokens: true)
        func features(_ model: BackboneModel, threads: Int) -> Features {
            model.makeBackbone(inputSize: 224, parallelism: Parallelism(threads: threads)).features(of: input, request)
        }
        let expected = features(single, threads: 1)
        let got = features(auto, threads: 1)
        let deepest = single.stages.map(\.layer).max() ?? 0
        for layer in request.layers {
            let (one, other) = (try #require(expected.layers[layer]).tokens, try #require(got.layers[layer]).tokens)
            let cosines = (0..<one.rows).map { cosine(Array(one.row($0)), Array(other.row($0))) }
            #expect(cosines.reduce(0, +) / Double(cosines.count) > 0.997, "layer \(layer)")
            #expect(one != other, "layer \(layer)")
            // Of a made-up picture, behind the layers that are compared, a token may be another one.
            #expect(layer > deepest || (cosines.min() ?? 0) > 0.97, "layer \(layer)")
        }
        let isSame = features(auto, threads: 2) == got && features(auto, threads: 3) == got
        #expect(isSame)
    }

    @Test(
        .enabled(if: !models.names.isEmpty, "no models: run `make weights` or set FSAC_MODELS"),
        .enabled(if: IntegerPath.best != .plain, "a processor without AVX2"),
        arguments: ["fsac-vit-small+efficientnet-lite0", "efficientnet-lite0+fsac-vit-small"])
    func joinedBackbonesSayThatConvolutionsAreInIntegersToo(name: String) throws {
        // A generation whose convolutions were in single precision must not be taken for one of this.
        let model = try BackboneModel.load(name, modelsDirectory: models, precision: .auto)
        #expect(model.reducedPrecision == .int8And16)
    }

    @Test(.enabled(if: !models.names.isEmpty, "no models: run `make weights` or set FSAC_MODELS"))
    func onlyMultiplesOfTheStrideAreAccepted() throws {
        let dinov2 = try BackboneModel.load("dinov2-small", modelsDirectory: models)
        #expect([14, 224, 392, 1022].allSatisfy { dinov2.accepts(inputSize: $0) })
        #expect(![0, -14, 13, 225, 1036].contains { dinov2.accepts(inputSize: $0) })
        let lite0 = try BackboneModel.load("efficientnet-lite0", modelsDirectory: models)
        #expect([32, 320, 1024].allSatisfy { lite0.accepts(inputSize: $0) })
        #expect(![0, 16, 300, 1056].contains { lite0.accepts(inputSize: $0) })
        #expect(dinov2.layerCount == 12 && lite0.layerCount == 7)
    }

    @Test(.enabled(if: !models.names.isEmpty, "no models: run `make weights` or set FSAC_MODELS"))
    func joinedBackbonesGiveTheLayersOfEach() throws {
        let joined = try BackboneModel.load("dinov2-small+efficientnet-lite0", modelsDirectory: models)
        #expect(joined.isJoined && joined.layerCount == 19 && joined.name == "dinov2-small+efficientnet-lite0")
        let image = Image(
            height: 90, width: 120, pixels: (0..<90 * 120 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7 / 5) })
        func layers(_ model: BackboneModel, _ layers: [Int], at size: Int) -> [Int: FeatureMap] {
            FeatureExtractor(model, inputSize: size, parallelism: .serial).features(
                of: image, FeatureRequest(layers: layers)
            ).layers
        }
        let found = layers(joined, [2, 16], at: 98)
        let first = try BackboneModel.load("dinov2-small", modelsDirectory: models)
        let second = try BackboneModel.load("efficientnet-lite0", modelsDirectory: models)
        #expect(found[2] == layers(first, [2], at: 98)[2])
        // The largest size up to 98 that it takes.
        #expect(found[16] == layers(second, [4], at: 96)[4])
        #expect(throws: WeightsError.self) {
            try BackboneModel.load("dinov2-small+nothing", modelsDirectory: models)
        }
    }
}
