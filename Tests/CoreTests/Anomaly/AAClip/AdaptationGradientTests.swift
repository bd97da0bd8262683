import Core
import TestSupport
import Testing

/// Losses and derivatives of both stages against PyTorch's autograd: 1e-4 of the largest number.
@Suite struct AdaptationGradientTests {
    private let fixture: AAClipFixture

    init() throws { fixture = try AAClipFixture() }

    private func textLoss(_ adapters: AAClipAdapters, _ gradients: Storage) throws -> Double {
        let stage = TextAdaptation(
            try fixture.textTower(adapters), prompts: try (0..<2).map(fixture.textPrompts),
            grid: AAClipFixture.grid, side: AAClipFixture.side)
        let batch = try (0..<2).map { picture in
            TextAdaptation.Example(
                features: try fixture.matrix("frozen", picture), mask: try fixture.slice("masks", picture),
                object: picture)
        }
        return stage.loss(batch, into: gradients)
    }

    private func imageLoss(_ adapters: AAClipAdapters, _ gradients: Storage) throws -> Double {
        let stage = ImageAdaptation(try fixture.imageTower(adapters), Parallelism(threads: 2))
        var loss = 0.0
        for picture in 0..<2 {
            loss +=
                stage.loss(
                    try fixture.picture(picture), mask: try fixture.slice("masks", picture), isDefective: picture == 0,
                    try fixture.anchors(picture), share: 0.5, into: gradients) / 2
        }
        return loss
    }

    private func expectGradients(_ gradients: Storage, of tower: String) throws {
        let got = gradients.tensors(at: fixture.adapters.layout.places)
        let names = got.keys.filter { $0.hasPrefix(tower) }
        #expect(names.count == (tower == "text_adapter" ? 3 : 6))
        for name in names.sorted() {
            let difference = relativeDifference(
                try #require(got[name]).values, try fixture.tensor("gradient." + name).values)
            #expect(difference < 1e-4, "\(name)")
        }
        for name in got.keys.filter({ !$0.hasPrefix(tower) }) {
            #expect(got[name]?.values.allSatisfy { $0 == 0 } == true, "\(name)")
        }
    }

    @Test func gradientsOfTheTextAdaptersAreThoseOfAutograd() throws {
        let gradients = Storage(count: fixture.adapters.layout.count)
        let loss = try textLoss(fixture.adapters, gradients)
        #expect(isClose(loss, Double(try fixture.tensor("text_losses").values[0]), atol: 0, rtol: 1e-4))
        try expectGradients(gradients, of: "text_adapter")
    }

    @Test func gradientsOfTheImageAdaptersAreThoseOfAutograd() throws {
        let gradients = Storage(count: fixture.adapters.layout.count)
        let loss = try imageLoss(fixture.adapters, gradients)
        #expect(isClose(loss, Double(try fixture.tensor("image_losses").values[0]), atol: 0, rtol: 1e-4))
        try expectGradients(gradients, of: "image_adapter")
    }

    @Test func frozenFeaturesAreThoseOfPyTorch() throws {
        let network = try fixture.imageTower().network
        for picture in 0..<2 {
            let features = network.features(
                of: try fixture.picture(picture), FeatureRequest(layers: [5], finalTokens: true))
            let got = TextAdaptation.features(
                patches: try #require(features.layers[5]).tokens, embedding: try #require(features.classToken))
            #expect(relativeDifference(got.values, try fixture.slice("frozen", picture)) < 1e-4)
        }
    }

    @Test func stepsAreThoseOfPyTorchsAdam() throws {
        for (tower, rate) in [("text", Float(1e-3)), ("image", 5e-3)] {
            let start = fixture.adapters
            let steps = AdapterSteps(start)
            for expected in try fixture.tensor(tower + "_losses").values {
                let loss =
                    try tower == "text"
                    ? textLoss(steps.adapters, steps.gradients) : imageLoss(steps.adapters, steps.gradients)
                #expect(isClose(loss, Double(expected), atol: 0, rtol: 1e-3), "\(tower)")
                steps.step(tower == "text" ? .text : .image, rate: rate, .serial)
            }
            for (name, tensor) in steps.adapters.tensors where name.hasPrefix(tower) {
                let expected = try fixture.tensor("trained." + name).values
                #expect(relativeDifference(tensor.values, expected) < 1e-3, "\(name)")
            }
        }
    }
}
