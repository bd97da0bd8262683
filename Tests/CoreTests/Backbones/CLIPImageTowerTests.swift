import Core
import Testing

@Suite struct CLIPImageTowerTests {
    /// The size of the trained positions, and those they are reduced and enlarged to.
    static let sizes = [40, 24, 56]

    private func check(_ fixture: CLIPFixture, size: Int, threads: Int) throws {
        let layers = Array(1...4)
        let features = try fixture.imageTower(size: size, threads: threads).features(
            of: BackboneFixture.input(size: size),
            FeatureRequest(layers: layers, finalTokens: true, windows: [2, 3]))
        var outputs = ["class_token": features.classToken, "patch_tokens": features.patchTokens?.tokens.values]
        for layer in layers { outputs["layer\(layer)"] = features.layers[layer]?.tokens.values }
        for side in [2, 3] { outputs["window\(side)"] = features.windows[side]?.tokens.values }
        for (name, values) in outputs {
            let difference = try fixture.difference(try #require(values, "\(name)"), from: "size\(size).\(name)")
            #expect(difference == nil)
        }
        let rows = size / 8
        #expect(features.windows.mapValues(\.grid.rows) == [2: rows - 1, 3: rows - 2])
    }

    @Test(arguments: sizes, 1...3) func everyOutputIsThatOfOpenCLIP(size: Int, threads: Int) throws {
        try check(try CLIPFixture(), size: size, threads: threads)
    }

    @Test func everyOutputIsThatOfOpenCLIPWithQuickGELU() throws {
        try check(try CLIPFixture(.quickGELU), size: 40, threads: 2)
    }

    @Test func whatIsNotAskedForChangesNothing() throws {
        let tower = try CLIPFixture().imageTower(size: 40)
        let input = BackboneFixture.input(size: 40)
        let all = tower.features(of: input, FeatureRequest(layers: [1, 2, 3, 4], finalTokens: true, windows: [2, 3]))
        let windows = tower.features(of: input, FeatureRequest(windows: [3]))
        #expect(windows == Features(layers: [:], windows: [3: all.windows[3]].compactMapValues { $0 }))
        let last = tower.features(of: input, FeatureRequest(layers: [4]))
        #expect(last == Features(layers: [4: all.layers[4]].compactMapValues { $0 }))
        let final = tower.features(of: input, FeatureRequest(finalTokens: true))
        #expect(final == Features(classToken: all.classToken, patchTokens: all.patchTokens, layers: [:]))
    }

    @Test func aTensorThatIsMissingIsNamed() throws {
        let fixture = try CLIPFixture()
        let empty = WeightScope([:], file: "weights.safetensors")
        #expect(throws: WeightsError.missingTensor(file: "weights.safetensors", tensor: "visual.conv1.weight")) {
            try VisionTransformerWeights(clip: empty, fixture.configuration)
        }
        #expect(throws: WeightsError.missingTensor(file: "weights.safetensors", tensor: "token_embedding.weight")) {
            try CLIPTextWeights(empty, fixture.configuration)
        }
    }
}
