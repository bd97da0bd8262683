import Core
import TestSupport
import Testing

@Suite struct TransformerGradientTests {
    @Test(arguments: CLIPImageTowerTests.sizes, 1...3)
    func theGradientOfAPictureIsThatOfAutograd(size: Int, threads: Int) throws {
        try check(try CLIPFixture(), size: size, threads: threads)
    }

    @Test func theGradientOfAPictureIsThatOfAutogradWithQuickGELU() throws {
        try check(try CLIPFixture(.quickGELU), size: 40, threads: 2)
    }

    private func check(_ fixture: CLIPFixture, size: Int, threads: Int) throws {
        let tower = try fixture.imageTower(size: size, threads: threads)
        let input = BackboneFixture.input(size: size)
        let request = FeatureRequest(layers: [2, 4], finalTokens: true, windows: [2])
        let (features, gradient) = tower.features(of: input, request) { direction($0.count) }
        let expected = try fixture.output("size\(size).gradient").values
        #expect(gradient.shape == [3, size, size])
        #expect(cosine(gradient.values, expected) > 0.999_999)
        let difference = try fixture.difference(gradient.values, from: "size\(size).gradient", tolerance: 1e-3)
        #expect(difference == nil)
        let featureDifference = firstDifference(features, tower.features(of: input, request), rtol: 1e-5)
        #expect(featureDifference == nil)
    }

    @Test(arguments: [12, 28, 80]) func theGradientOfDINOv2IsItsSlope(size: Int) throws {
        let fixture = try BackboneFixture(TinyNetwork.visionTransformer.rawValue)
        let tower = VisionTransformer(
            try VisionTransformerWeights(dinov2: fixture.network, .tiny), input: PixelSize(square: size),
            parallelism: Parallelism(threads: 2))
        let input = BackboneFixture.input(size: size)
        func score(_ token: [Float]?) -> Double {
            zip(token ?? [], direction(32)).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let request = FeatureRequest(finalTokens: true)
        let (_, gradient) = tower.features(of: input, request) { direction($0.count) }
        var random = SplitMix64(seed: 3)
        let step: Float = 2e-3
        let way = random.floats(input.values.count).map { $0 < 0 ? -step : step }
        let slopes = [1, -1].map { (sign: Float) in
            let moved = Tensor(shape: input.shape, values: zip(input.values, way).map { $0 + sign * $1 })
            return score(tower.features(of: moved, request).classToken)
        }
        let expected = zip(gradient.values, way).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        let magnitude = gradient.values.reduce(0) { $0 + Double(abs($1)) } * Double(step)
        #expect(isClose((slopes[0] - slopes[1]) / 2, expected, atol: 2e-3 * magnitude, rtol: 1e-2))
        #expect(abs(expected) > 1e-3 * magnitude)
    }

    @Test(arguments: [CLIPConfiguration.Activation.gelu, .quickGELU])
    func theGradientOfATextIsThatOfAutograd(activation: CLIPConfiguration.Activation) throws {
        let fixture = try CLIPFixture(activation)
        let tower = try fixture.textTower()
        let prompts = try fixture.prompts
        let tape = TextTransformerTape(tower, prompts: prompts)
        _ = tower.lastTokens(of: prompts, recording: tape)
        let outputs = tower.weights.projection.outputs
        let slope = direction(prompts.count * outputs)
        var last = Matrix(rows: prompts.count, columns: 32)
        last.values.withUnsafeMutableBufferPointer { values in
            guard let base = values.baseAddress else { return }
            tower.weights.projection.applyTransposed(
                slope, stride: outputs, rows: prompts.count, into: base, outputStride: 32)
        }
        let gradient = tower.streamGradient(of: last, for: prompts, through: tape)
        // open_clip's has rows for what follows the end of a text: they are zero.
        var padded: [Float] = []
        for sequence in TextTransformer.sequences(of: prompts) {
            padded += gradient.values[sequence.lowerBound * 32..<sequence.upperBound * 32]
            padded += [Float](repeating: 0, count: (12 - sequence.count) * 32)
        }
        let difference = try fixture.difference(padded, from: "text.gradient", tolerance: 1e-3)
        #expect(difference == nil)
    }

    /// A score that hangs on the tokens after two blocks, with a stage between them that doubles the stream.
    @Test func gradientsOfSeveralBlocksAndOfWhatFollowsABlockAddUp() throws {
        let tower = try CLIPFixture().imageTower(size: 24)
        let (encoder, rows, width) = (tower.encoder, 10, 40)
        var random = SplitMix64(seed: 5)
        let start = random.floats(rows * width)
        let slopes = [1: random.floats(rows * width), 3: random.floats(rows * width)]
        func doubling(_ block: Int) -> [Parallelism.Phase] {
            guard block == 2 else { return [] }
            return [
                encoder.parallelism.phase(over: 1) { _, _ in
                    for index in 0..<rows * width { encoder.stream.base[index] *= 2 }
                }
            ]
        }
        func score(_ values: [Float], _ tape: TransformerTape? = nil) -> Double {
            encoder.stream.base.update(from: values, count: values.count)
            var sum = 0.0
            encoder.parallelism.run(
                encoder.phases(depth: 3, over: [0..<rows], recording: tape) { block in
                    doubling(block) + [
                        encoder.parallelism.phase(over: 1) { _, _ in
                            for (index, slope) in (slopes[block] ?? []).enumerated() {
                                sum += Double(slope) * Double(encoder.stream.base[index])
                            }
                        }
                    ]
                })
            return sum
        }
        let tape = TransformerTape(encoder.weights.shape, depth: 3, rows: rows)
        _ = score(start, tape)
        encoder.stream.base.update(repeating: 0, count: rows * width)
        let gradients = slopes.mapValues { Matrix(rows: rows, columns: width, values: $0) }
        encoder.parallelism.run(
            encoder.gradientPhases(through: tape, over: [0..<rows], adding: gradients, afterBlock: doubling))
        let gradient = encoder.stream.values(0..<rows * width)
        for index in [0, 57, 399] {
            let slope = [Float(0.01), -0.01].map { step in
                var moved = start
                moved[index] += step
                return score(moved)
            }
            #expect(isClose(Double(gradient[index]), (slope[0] - slope[1]) / 0.02, atol: 2e-2, rtol: 1e-2))
        }
    }
}
