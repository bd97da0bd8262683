import Core
import Foundation
import TestSupport
import Testing

/// A transformer that goes on as if some patches were not in the picture.
@Suite struct DroppedPatchesTests {
    private let fixture: BackboneFixture

    init() throws { fixture = try BackboneFixture(TinyNetwork.visionTransformer.rawValue) }

    private func network(
        _ size: PixelSize, inIntegers: Bool = false, threads: Int = 2
    ) throws -> VisionTransformer {
        VisionTransformer(
            try VisionTransformerWeights(dinov2: fixture.network, .tiny, inIntegers: inIntegers), input: size,
            parallelism: Parallelism(threads: threads))
    }

    private func picture(_ size: PixelSize, _ random: inout SplitMix64) -> Tensor {
        Tensor(shape: [3, size.height, size.width], values: random.floats(3 * size.height * size.width))
    }

    @Test func whatIsLeftIsThatOfTheSameAttentionWrittenOut() throws {
        var random = SplitMix64(seed: 31)
        for (rows, columns) in [(5, 5), (3, 7), (8, 2), (1, 6)] {
            let size = PixelSize(height: 4 * rows, width: 4 * columns)
            let (network, input) = (try network(size), picture(size, &random))
            let naive = NaiveTransformer(fixture.network, network, input)
            for share in [0.0, 0.1, 0.5, 0.9, 1] {
                let patches = (0..<rows * columns).filter { _ in Double.random(in: 0..<1, using: &random) < share }
                let layers = network.features(of: input, FeatureRequest(layers: [1, 2], patches: patches)).layers
                for layer in [1, 2] {
                    let map = try #require(layers[layer])
                    let expected = try naive.tokens(of: patches, layer: layer)
                    let got = patches.flatMap { Array(map.tokens.row($0)) }
                    #expect(
                        firstDifference(got, expected, atol: 1e-4, rtol: 1e-3) == nil,
                        "\(rows) x \(columns), \(patches.count) patches, layer \(layer)")
                    let dropped = Set(0..<rows * columns).subtracting(patches)
                    #expect(dropped.allSatisfy { map.tokens.row($0).allSatisfy { $0 == 0 } })
                }
            }
        }
    }

    @Test(arguments: [false, true]) func nothingOfADroppedPatchShows(inIntegers: Bool) throws {
        var random = SplitMix64(seed: 32)
        let size = PixelSize(height: 24, width: 36)
        let (network, input) = (try network(size, inIntegers: inIntegers), picture(size, &random))
        let patches = (0..<54).filter { $0 % 3 != 1 }
        var other = input
        for (pixel, noise) in zip(other.values.indices, random.floats(other.values.count)) {
            let (row, column) = (pixel / size.width % size.height / 4, pixel % size.width / 4)
            if !patches.contains(row * 9 + column) { other.values[pixel] = noise }
        }
        let request = FeatureRequest(layers: [1, 2], patches: patches)
        let first = network.features(of: input, request)
        #expect(network.features(of: other, request) == first)
        let all = FeatureRequest(layers: [1, 2])
        #expect(network.features(of: other, all) != network.features(of: input, all))
        // What a smaller picture has left in the scratch memory does not show.
        let whole = FeatureRequest(layers: [1, 2], patches: Array(0..<54))
        #expect(network.features(of: input, whole) == network.features(of: input, all))
    }
}

/// DINOv2's blocks in plain loops and double precision, after its paper and the names of its tensors.
private struct NaiveTransformer {
    private let width = 32
    private let heads = 2
    private let weights: WeightScope
    /// Class token and patches with their positions, `[T][D]`.
    private let start: [[Double]]

    /// - Parameter network: makes the first tokens, as before any patch is dropped.
    init(_ weights: WeightScope, _ network: VisionTransformer, _ input: Tensor) {
        self.weights = weights
        let encoder = network.encoder
        encoder.parallelism.run(network.embeddingPhases(of: input))
        let values = encoder.stream.values(0..<network.tokens * width).map(Double.init)
        start = stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + 32]) }
    }

    /// - Returns: the patches' tokens after a block, one after the other.
    func tokens(of patches: [Int], layer: Int) throws -> [Double] {
        var tokens = [start[0]] + patches.map { start[1 + $0] }
        for block in 0..<layer { tokens = try self.block(weights["encoder.layer.\(block)"], tokens) }
        return Array(tokens.dropFirst().joined())
    }

    private func block(_ scope: WeightScope, _ tokens: [[Double]]) throws -> [[Double]] {
        let normed = try tokens.map { try norm(scope["norm1"], $0) }
        let attention = scope["attention.attention"]
        let parts = try ["query", "key", "value"].map { name in
            try normed.map { try linear(attention[name], $0, width, width) }
        }
        let head = width / heads
        let attended = tokens.indices.map { token -> [Double] in
            (0..<heads).flatMap { number -> [Double] in
                let columns = number * head..<(number + 1) * head
                let scores = tokens.indices.map { other in
                    columns.reduce(0) { $0 + parts[0][token][$1] * parts[1][other][$1] } / Double(head).squareRoot()
                }
                let largest = scores.max() ?? 0
                let shares = scores.map { exp($0 - largest) }
                let sum = shares.reduce(0, +)
                return columns.map { column in
                    zip(shares, parts[2]).reduce(0) { $0 + $1.0 * $1.1[column] } / sum
                }
            }
        }
        let (first, second) = (try scale(scope["layer_scale1"]), try scale(scope["layer_scale2"]))
        return try zip(tokens, attended).map { token, attended in
            let projected = try linear(scope["attention.output.dense"], attended, width, width)
            let middle = token.indices.map { token[$0] + first[$0] * projected[$0] }
            let hidden = try linear(scope["mlp.fc1"], try norm(scope["norm2"], middle), width, 4 * width)
            let active = hidden.map { $0 / 2 * (1 + erf($0 / 2.0.squareRoot())) }
            let output = try linear(scope["mlp.fc2"], active, 4 * width, width)
            return middle.indices.map { middle[$0] + second[$0] * output[$0] }
        }
    }

    private func scale(_ scope: WeightScope) throws -> [Double] {
        try scope.vector("lambda1", width).map(Double.init)
    }

    private func norm(_ scope: WeightScope, _ token: [Double]) throws -> [Double] {
        let mean = token.reduce(0, +) / Double(width)
        let variance = token.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
        let (gamma, beta) = (try scope.vector("weight", width), try scope.vector("bias", width))
        return token.indices.map {
            (token[$0] - mean) / (variance + 1e-6).squareRoot() * Double(gamma[$0]) + Double(beta[$0])
        }
    }

    private func linear(_ scope: WeightScope, _ row: [Double], _ inputs: Int, _ outputs: Int) throws -> [Double] {
        let (matrix, bias) = (try scope.matrix("weight", outputs, inputs), try scope.vector("bias", outputs))
        return (0..<outputs).map { output in
            row.indices.reduce(Double(bias[output])) { $0 + Double(matrix[output, $1]) * row[$1] }
        }
    }
}
