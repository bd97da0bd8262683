import Core
import Testing

/// A way to make a tiny network of one kind.
enum TinyNetwork: String, CaseIterable {
    case visionTransformer = "tiny-vision-transformer"
    case efficientNet = "tiny-efficientnet"

    var layers: [Int] { self == .visionTransformer ? [1, 2] : [1, 2, 3] }

    func make(_ weights: WeightScope, size: PixelSize, threads: Int) throws -> any Backbone {
        let parallelism = Parallelism(threads: threads)
        switch self {
        case .visionTransformer:
            return VisionTransformer(
                try VisionTransformerWeights(dinov2: weights, .tiny), input: size, parallelism: parallelism)
        case .efficientNet:
            return EfficientNet(try EfficientNetWeights(weights, .tiny), input: size, parallelism: parallelism)
        }
    }
}

@Suite struct TinyBackboneTests {
    @Test(arguments: TinyNetwork.allCases, 1...3)
    func everyOutputIsThatOfPyTorch(network: TinyNetwork, threads: Int) throws {
        let fixture = try BackboneFixture(network.rawValue)
        #expect(fixture.sizes.contains { $0.height < $0.width } && fixture.sizes.contains { $0.height > $0.width })
        for size in fixture.sizes {
            let backbone = try network.make(fixture.network, size: size, threads: threads)
            let features = backbone.features(
                of: BackboneFixture.input(size), FeatureRequest(layers: network.layers, finalTokens: true))
            let difference = try fixture.difference(from: features, size: size)
            #expect(difference == nil, "at \(size)")
        }
    }

    @Test(arguments: TinyNetwork.allCases)
    func theSamePictureGivesTheSameBytesAndLeavesNoTrace(network: TinyNetwork) throws {
        let fixture = try BackboneFixture(network.rawValue)
        let size = try #require(fixture.sizes.last)
        let backbone = try network.make(fixture.network, size: size, threads: 2)
        let input = BackboneFixture.input(size)
        let first = backbone.features(of: input, FeatureRequest(layers: network.layers, finalTokens: true))
        let other = backbone.features(of: Tensor(shape: input.shape), FeatureRequest(layers: [], finalTokens: true))
        let isOther = other.classToken != first.classToken
        #expect(isOther && other.layers.isEmpty)
        let isSame = backbone.features(of: input, FeatureRequest(layers: network.layers, finalTokens: true)) == first
        #expect(isSame)
    }

    @Test(arguments: TinyNetwork.allCases) func onlyTheLayersAskedForAreReturned(network: TinyNetwork) throws {
        let fixture = try BackboneFixture(network.rawValue)
        let size = try #require(fixture.sizes.first)
        let backbone = try network.make(fixture.network, size: size, threads: 2)
        let input = BackboneFixture.input(size)
        let all = backbone.features(of: input, FeatureRequest(layers: network.layers, finalTokens: true))
        let one = backbone.features(of: input, FeatureRequest(layers: [2], finalTokens: true))
        let isSame = one.layers[2] == all.layers[2] && one.patchTokens == all.patchTokens
        #expect(isSame && one.layers.count == 1)
    }

    @Test(arguments: TinyNetwork.allCases, 1...2)
    func stoppingAtTheHighestLayerAskedForChangesNoBit(network: TinyNetwork, threads: Int) throws {
        let fixture = try BackboneFixture(network.rawValue)
        let size = try #require(fixture.sizes.last)
        let backbone = try network.make(fixture.network, size: size, threads: threads)
        let input = BackboneFixture.input(size)
        let all = backbone.features(of: input, FeatureRequest(layers: network.layers, finalTokens: true))
        for layer in network.layers {
            // Something else first: what a longer pass has left in the scratch memory must not show.
            _ = backbone.features(
                of: Tensor(shape: input.shape), FeatureRequest(layers: network.layers, finalTokens: true))
            let one = backbone.features(of: input, FeatureRequest(layers: [layer]))
            let isSame = one == Features(layers: all.layers.filter { $0.key == layer })
            #expect(isSame && one.classToken == nil && one.patchTokens == nil, "layer \(layer)")
        }
        #expect(backbone.features(of: input, FeatureRequest(layers: [])) == Features(layers: [:]))
    }

    @Test func theGridOfAStageIsTheInputOverItsStride() throws {
        let fixture = try BackboneFixture(TinyNetwork.efficientNet.rawValue)
        let size = PixelSize(height: 96, width: 44)
        let features = try TinyNetwork.efficientNet.make(fixture.network, size: size, threads: 1)
            .features(of: BackboneFixture.input(size), FeatureRequest(layers: [1, 2, 3], finalTokens: true))
        #expect(features.layers.mapValues(\.grid.rows) == [1: 48, 2: 24, 3: 12])
        // Rounded up: the last column of patches is half beyond the border.
        #expect(features.layers.mapValues(\.grid.columns) == [1: 22, 2: 11, 3: 6])
        #expect(features.patchTokens?.grid == PatchGrid(rows: 12, columns: 6))
    }

    @Test func aTensorThatIsMissingIsNamed() throws {
        let empty = WeightScope([:], file: "weights.safetensors")
        #expect(throws: WeightsError.missingTensor(file: "weights.safetensors", tensor: "_bn0.weight")) {
            try EfficientNetWeights(empty, .lite0)
        }
        #expect(
            throws: WeightsError.missingTensor(
                file: "weights.safetensors", tensor: "embeddings.patch_embeddings.projection.weight")
        ) {
            try VisionTransformerWeights(dinov2: empty, .dinov2Small)
        }
    }

    @Test func aTensorOfAnotherShapeIsRefused() throws {
        let fixture = try BackboneFixture(TinyNetwork.visionTransformer.rawValue)
        #expect(throws: WeightsError.self) { try VisionTransformerWeights(dinov2: fixture.network, .dinov2Small) }
    }
}
