import Core
import Foundation
import TestSupport
import Testing

/// What `Tools/make_backbone_fixtures.py` computed with PyTorch; the script says how the files are made.
struct BackboneFixture {
    private let tensors: [String: Tensor]
    private let name: String

    init(_ name: String) throws {
        let path = try #require(Bundle.module.path(forResource: "Fixtures/backbones/\(name).safetensors", ofType: nil))
        tensors = try Safetensors.read(path: path).tensors
        self.name = name
    }

    /// The weights of a tiny network.
    var network: WeightScope { WeightScope(tensors, file: name)["network"] }

    /// Of the inputs that there are outputs for, the smallest first.
    var sizes: [PixelSize] {
        let names = Set(tensors.keys.compactMap { $0.hasPrefix("size") ? $0.prefix { $0 != "." }.dropFirst(4) : nil })
        let sides = names.map { $0.split(separator: "x").compactMap { Int($0) } }
        return sides.filter { $0.count == 2 }.map { PixelSize(height: $0[0], width: $0[1]) }
            .sorted { ($0.height * $0.width, $0.height) < ($1.height * $1.width, $1.height) }
    }

    static func input(size: Int) -> Tensor { input(PixelSize(square: size)) }

    /// `sin(0.37 i)`, `[3, height, width]`.
    static func input(_ size: PixelSize) -> Tensor {
        Tensor(
            shape: [3, size.height, size.width],
            values: (0..<3 * size.height * size.width).map { Float(sin(0.37 * Double($0))) })
    }

    /// The first output that is further from PyTorch's than 1e-3 of its mean magnitude, in words; nil when there is none.
    func difference(from features: Features, size: PixelSize) throws -> String? {
        let prefix = "size\(size.height)x\(size.width)"
        var outputs = [
            "class_token": try #require(features.classToken),
            "patch_tokens": try #require(features.patchTokens).tokens.values,
        ]
        for (layer, map) in features.layers { outputs["layer\(layer)"] = map.tokens.values }
        for (output, values) in outputs.sorted(by: { $0.key < $1.key }) {
            let expected = try #require(tensors["\(prefix).\(output)"], "\(name), \(prefix): \(output)").values
            let magnitude = try #require(tensors["\(prefix).\(output).magnitude"]).values[0]
            let tolerance = 1e-3 * Double(magnitude)
            let mean = values.reduce(0) { $0 + Double(abs($1)) } / Double(values.count)
            guard isClose(mean, Double(magnitude), atol: tolerance, rtol: 0) else {
                return "\(output): expected a mean magnitude of \(magnitude), got \(mean)"
            }
            let got = Self.places(expected.count, of: values)
            if let difference = firstDifference(got, expected.map(Double.init), atol: tolerance, rtol: 0) {
                return "\(output) \(difference), tolerance \(tolerance)"
            }
        }
        return nil
    }

    private static func places(_ places: Int, of values: [Float]) -> [Float] {
        guard places < values.count else { return values }
        let step = values.count / places + 1
        return (0..<places).map { values[$0 * step % values.count] }
    }
}

/// How far apart two runs of one network are, relative to the larger value and the mean magnitude.
func firstDifference(_ one: Features, _ other: Features, rtol: Double) -> String? {
    func compare(_ a: [Float], _ b: [Float]) -> String? {
        let mean = b.reduce(0) { $0 + Double(abs($1)) } / Double(b.count)
        return firstDifference(a, b.map(Double.init), atol: rtol * mean, rtol: rtol)
    }
    guard one.layers.keys.sorted() == other.layers.keys.sorted() else { return "other layers" }
    let maps =
        ([(one.patchTokens, other.patchTokens)] + one.layers.keys.map { (one.layers[$0], other.layers[$0]) })
        .compactMap { pair in pair.0.flatMap { first in pair.1.map { (first, $0) } } }
    return compare(one.classToken ?? [], other.classToken ?? [])
        ?? maps.lazy.compactMap { compare($0.tokens.values, $1.tokens.values) }.first
}

extension VisionTransformerConfiguration {
    static let tiny = VisionTransformerConfiguration(
        width: 32, depth: 2, heads: 2, patchSize: 4, positionGridSide: 5, layerNormEpsilon: 1e-6)
}

extension EfficientNetConfiguration {
    static let tiny = EfficientNetConfiguration(
        stemChannels: 16,
        stages: [
            EfficientNetStage(repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 8),
            EfficientNetStage(repeats: 2, kernel: 5, stride: 2, expansion: 2, channels: 24),
            EfficientNetStage(repeats: 2, kernel: 3, stride: 2, expansion: 2, channels: 32),
        ],
        headChannels: 640, batchNormEpsilon: 1e-3)
}
