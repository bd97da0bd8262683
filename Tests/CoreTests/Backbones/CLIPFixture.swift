import Core
import Foundation
import TestSupport
import Testing

/// What `Tools/make_clip_fixtures.py` computed with open_clip; the script says how the file is made.
struct CLIPFixture {
    private let tensors: [String: Tensor]
    private let activation: CLIPConfiguration.Activation

    init(_ activation: CLIPConfiguration.Activation = .gelu) throws {
        let path = try #require(
            Bundle.module.path(forResource: "Fixtures/backbones/tiny-clip.safetensors", ofType: nil))
        tensors = try Safetensors.read(path: path).tensors
        self.activation = activation
    }

    var configuration: CLIPConfiguration {
        CLIPConfiguration(
            embeddingWidth: 24, image: .init(size: 40, patchSize: 8, width: 40, depth: 3, heads: 2),
            text: .init(contextLength: 12, vocabularySize: 50, width: 32, depth: 2, heads: 2), activation: activation)
    }

    var network: WeightScope { WeightScope(tensors, file: "tiny-clip")["network"] }

    /// The weights under their names in OpenCLIP's files.
    var networkTensors: [String: Tensor] {
        let prefix = "network."
        let own = tensors.filter { $0.key.hasPrefix(prefix) }
        return Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }

    func output(_ name: String) throws -> Tensor {
        let prefix = activation == .gelu ? "" : "quick."
        return try #require(tensors[prefix + name], "\(prefix + name)")
    }

    func imageTower(size: Int, threads: Int = 2) throws -> VisionTransformer {
        VisionTransformer(
            try VisionTransformerWeights(clip: network, configuration), input: PixelSize(square: size),
            parallelism: Parallelism(threads: threads))
    }

    func textTower(threads: Int = 2) throws -> TextTransformer {
        TextTransformer(try CLIPTextWeights(network, configuration), parallelism: Parallelism(threads: threads))
    }

    var prompts: [[Int32]] {
        get throws {
            let tokens = try output("text.tokens")
            return tokens.values.indices.filter { $0 % tokens.shape[1] == 0 }.map { first in
                tokens.values[first..<first + tokens.shape[1]].map { Int32($0) }
            }
        }
    }

    /// Where numbers are further from an output than `tolerance` of its mean magnitude, in words; nil when nowhere.
    func difference(_ values: [Float], from name: String, tolerance: Double = 1e-4) throws -> String? {
        let expected = try output(name).values.map(Double.init)
        let magnitude = expected.reduce(0) { $0 + abs($1) } / Double(expected.count)
        return firstDifference(values, expected, atol: tolerance * magnitude, rtol: 0).map { "\(name) \($0)" }
    }
}

/// `cos(0.5 k)`, what the fixture's scores multiply embeddings with.
func direction(_ count: Int) -> [Float] { (0..<count).map { Float(cos(0.5 * Double($0))) } }

/// The cosine of the angle between two lists of numbers.
func cosine(_ one: [Float], _ other: [Float]) -> Double {
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    return product(one, other) / (product(one, one) * product(other, other)).squareRoot()
}
