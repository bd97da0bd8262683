import Core
import Foundation
import Testing

/// What `Tools/make_aaclip_fixtures.py` wrote with PyTorch and open_clip: a tiny CLIP, adapters in the published layout, and what
/// they say of two pictures and two objects.
struct AAClipFixture {
    static let side = 40
    static let grid = PatchGrid(rows: 5, columns: 5)
    static let normalPrompts = 2

    let adapters: AAClipAdapters
    private let expected: [String: Tensor]

    init() throws {
        adapters = try AAClipCheckpoint.read(try ["image_adapter_2.pth", "text_adapter.pth"].map(Self.path))
        expected = try Safetensors.read(path: try Self.path("expected.safetensors")).tensors
    }

    static func path(_ name: String) throws -> String {
        try #require(Bundle.module.path(forResource: "Fixtures/aaclip/" + name, ofType: nil))
    }

    func tensor(_ name: String) throws -> Tensor { try #require(expected[name], "\(name)") }

    /// What a tensor holds at these first indices.
    func slice(_ name: String, _ indices: Int...) throws -> [Float] {
        let tensor = try tensor(name)
        let rest = tensor.shape.dropFirst(indices.count).reduce(1, *)
        let offset = zip(indices, tensor.shape).reduce(0) { $0 * $1.1 + $1.0 } * rest
        return Array(tensor.values[offset..<offset + rest])
    }

    func matrix(_ name: String, _ indices: Int...) throws -> Matrix {
        let tensor = try tensor(name)
        let (rows, columns) = (tensor.shape[indices.count], tensor.shape[indices.count + 1])
        let offset = zip(indices, tensor.shape).reduce(0) { $0 * $1.1 + $1.0 } * rows * columns
        return Matrix(rows: rows, columns: columns, values: Array(tensor.values[offset..<offset + rows * columns]))
    }

    /// Of an object.
    func anchors(_ object: Int) throws -> TextAnchors {
        TextAnchors(normal: try slice("anchors", object, 0), abnormal: try slice("anchors", object, 1))
    }
}

/// The largest difference, relative to the largest number expected.
func relativeDifference(_ got: [Float], _ expected: [Float]) -> Float {
    guard got.count == expected.count else { return .infinity }
    let largest = expected.map(abs).max() ?? 0
    let difference = zip(got, expected).map { abs($0 - $1) }.max() ?? 0
    return difference.isNaN ? .infinity : difference / max(largest, .leastNormalMagnitude)
}

// The tiny CLIP.
extension AAClipFixture {
    static let configuration = CLIPConfiguration(
        embeddingWidth: 16, image: .init(size: side, patchSize: 8, width: 32, depth: 4, heads: 2),
        text: .init(contextLength: 12, vocabularySize: 516, width: 24, depth: 3, heads: 3), activation: .gelu)

    private static func network() throws -> WeightScope { try Safetensors.read(path: path("clip.safetensors")).scope }

    func imageTower(_ adapters: AAClipAdapters? = nil, threads: Int = 2) throws -> AAClipImageTower {
        AAClipImageTower(
            VisionTransformer(
                try VisionTransformerWeights(clip: try Self.network(), Self.configuration),
                input: PixelSize(square: Self.side),
                parallelism: Parallelism(threads: threads)), adapters ?? self.adapters)
    }

    func textTower(_ adapters: AAClipAdapters? = nil, threads: Int = 2) throws -> AAClipTextTower {
        let parallelism = Parallelism(threads: threads)
        let network = TextTransformer(
            try CLIPTextWeights(try Self.network(), Self.configuration), parallelism: parallelism)
        return try #require(AAClipTextTower(network, adapters ?? self.adapters, parallelism))
    }

    func picture(_ index: Int) throws -> Tensor {
        Tensor(shape: [3, Self.side, Self.side], values: try slice("pictures", index))
    }

    /// Of an object, those of normal parts first.
    func prompts(_ object: Int) throws -> [[Int32]] {
        let tokens = try tensor("prompts")
        return try (0..<tokens.shape[1]).map { row in try slice("prompts", object, row).map { Int32($0) } }
    }

    func textPrompts(_ object: Int) throws -> TextAdaptation.Prompts {
        let all = try prompts(object)
        return TextAdaptation.Prompts(
            normal: Array(all[..<Self.normalPrompts]), abnormal: Array(all[Self.normalPrompts...]))
    }
}
