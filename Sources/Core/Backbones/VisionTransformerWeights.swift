/// What makes one vision transformer different from another.
public struct VisionTransformerConfiguration: Sendable, Equatable {
    public let width: Int
    public let depth: Int
    public let heads: Int
    public let patchSize: Int
    /// Side of the square grid that the position embedding was trained on.
    public let positionGridSide: Int
    public let layerNormEpsilon: Float

    package init(
        width: Int, depth: Int, heads: Int, patchSize: Int, positionGridSide: Int, layerNormEpsilon: Float
    ) {
        precondition(width % heads == 0, "vision transformer: width \(width), \(heads) heads")
        self.width = width
        self.depth = depth
        self.heads = heads
        self.patchSize = patchSize
        self.positionGridSide = positionGridSide
        self.layerNormEpsilon = layerNormEpsilon
    }

    var headWidth: Int { width / heads }
    var hiddenWidth: Int { 4 * width }

    /// DINOv2 ViT-S/14: 37 x 37 patches of a 518-pixel picture.
    public static let dinov2Small = VisionTransformerConfiguration(
        width: 384, depth: 12, heads: 6, patchSize: 14, positionGridSide: 37, layerNormEpsilon: 1e-6)
}

/// Weights of a vision transformer laid out for computing: what is constant at inference (the attention scale, LayerScale)
/// is multiplied into the linear layers.
package struct VisionTransformerWeights: Sendable {
    struct LayerNorm: Sendable {
        let gamma: Storage
        let beta: Storage
    }

    struct Block: Sendable {
        let norm1: LayerNorm
        /// One a head, `D -> 3 h`: query (already divided by the root of the head's width), key, value.
        let queryKeyValue: [Linear]
        /// Attention output with LayerScale 1.
        let projection: Linear
        let norm2: LayerNorm
        let hidden: Linear
        /// Second layer of the MLP with LayerScale 2.
        let output: Linear
    }

    let configuration: VisionTransformerConfiguration
    let patchEmbedding: DenseConvolution
    let classToken: [Float]
    /// `[1 + side * side, D]`.
    let positions: Matrix
    let blocks: [Block]
    let norm: LayerNorm

    /// - Parameter weights: tensors under the names of Hugging Face's `facebook/dinov2-small`.
    /// - Throws: `WeightsError` naming the first tensor that is missing or has another shape.
    package init(dinov2 weights: WeightScope, _ configuration: VisionTransformerConfiguration) throws(WeightsError) {
        self.configuration = configuration
        let width = configuration.width
        let patch = configuration.patchSize
        let embeddings = weights["embeddings"]
        patchEmbedding = DenseConvolution(
            kernel: patch, stride: patch,
            weights: try embeddings["patch_embeddings.projection"].tensor("weight", [width, 3, patch, patch]),
            bias: try embeddings["patch_embeddings.projection"].vector("bias", width))
        classToken = try embeddings.tensor("cls_token", [1, 1, width]).values
        let tokens = 1 + configuration.positionGridSide * configuration.positionGridSide
        positions = Matrix(
            rows: tokens, columns: width,
            values: try embeddings.tensor("position_embeddings", [1, tokens, width]).values)
        var blocks: [Block] = []
        for index in 0..<configuration.depth {
            blocks.append(try Block(dinov2: weights["encoder.layer.\(index)"], configuration))
        }
        self.blocks = blocks
        norm = try LayerNorm(weights["layernorm"], width)
    }
}

extension VisionTransformerWeights.LayerNorm {
    init(_ weights: WeightScope, _ width: Int) throws(WeightsError) {
        gamma = Storage(try weights.vector("weight", width))
        beta = Storage(try weights.vector("bias", width))
    }
}

extension Linear {
    /// - Parameter scale: one factor an output, multiplied into weights and bias.
    fileprivate init(_ weights: WeightScope, inputs: Int, outputs: Int, scale: [Float]? = nil) throws(WeightsError) {
        var matrix = try weights.matrix("weight", outputs, inputs)
        var bias = try weights.vector("bias", outputs)
        if let scale {
            for index in matrix.values.indices { matrix.values[index] *= scale[index / inputs] }
            bias = zip(bias, scale).map(*)
        }
        self.init(weights: matrix, bias: bias)
    }
}

extension VisionTransformerWeights.Block {
    init(dinov2 weights: WeightScope, _ configuration: VisionTransformerConfiguration) throws(WeightsError) {
        let width = configuration.width
        let hiddenWidth = configuration.hiddenWidth
        norm1 = try VisionTransformerWeights.LayerNorm(weights["norm1"], width)
        queryKeyValue = try Self.heads(weights["attention.attention"], configuration)
        projection = try Linear(
            weights["attention.output.dense"], inputs: width, outputs: width,
            scale: try weights["layer_scale1"].vector("lambda1", width))
        norm2 = try VisionTransformerWeights.LayerNorm(weights["norm2"], width)
        hidden = try Linear(weights["mlp.fc1"], inputs: width, outputs: hiddenWidth)
        output = try Linear(
            weights["mlp.fc2"], inputs: hiddenWidth, outputs: width,
            scale: try weights["layer_scale2"].vector("lambda1", width))
    }

    private static func heads(
        _ weights: WeightScope, _ configuration: VisionTransformerConfiguration
    ) throws(WeightsError) -> [Linear] {
        let (width, head) = (configuration.width, configuration.headWidth)
        let scale = 1 / Float(head).squareRoot()
        var parts: [(matrix: [Float], bias: [Float])] = []
        for name in ["query", "key", "value"] {
            let factor = name == "query" ? scale : 1
            parts.append(
                (
                    try weights[name].matrix("weight", width, width).values.map { $0 * factor },
                    try weights[name].vector("bias", width).map { $0 * factor }
                ))
        }
        return (0..<configuration.heads).map { index in
            let rows = index * head..<(index + 1) * head
            let matrix = parts.flatMap { $0.matrix[rows.lowerBound * width..<rows.upperBound * width] }
            return Linear(
                weights: Matrix(rows: 3 * head, columns: width, values: matrix), bias: parts.flatMap { $0.bias[rows] })
        }
    }
}
