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

/// Weights of a vision transformer laid out for computing: every linear layer as `[inputs, outputs]`, and what is constant
/// at inference (the attention scale, LayerScale) multiplied in.
package struct VisionTransformerWeights: Sendable {
    struct LayerNorm: Sendable {
        let gamma: Storage
        let beta: Storage
    }

    /// `y = x * matrix + bias`, `matrix` is `[inputs, outputs]`.
    struct Linear: Sendable {
        let matrix: Storage
        let bias: Storage
    }

    struct Block: Sendable {
        let norm1: LayerNorm
        /// `[D, H * 3 h]`: of one head after the other query (already divided by the root of the head's width), key, value.
        let queryKeyValue: Linear
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

extension VisionTransformerWeights.Linear {
    /// - Parameter scale: one factor an output, multiplied into weights and bias.
    init(_ weights: WeightScope, inputs: Int, outputs: Int, scale: [Float]) throws(WeightsError) {
        var matrix = try weights.matrix("weight", outputs, inputs)
        for row in 0..<outputs {
            for column in 0..<inputs { matrix[row, column] *= scale[row] }
        }
        self.matrix = Storage(matrix.transposed().values)
        bias = Storage(zip(try weights.vector("bias", outputs), scale).map(*))
    }

    /// Several layers of the same input side by side, `[inputs, sum of outputs]`: `width` columns of each in turn, until
    /// all are used.
    init(interleaving parts: [Self], inputs: Int, width: Int) {
        let outputs = parts[0].bias.count
        let total = outputs * parts.count
        matrix = Storage(count: inputs * total)
        bias = Storage(count: total)
        var offset = 0
        for first in stride(from: 0, to: outputs, by: width) {
            for part in parts {
                for row in 0..<inputs {
                    (matrix.base + row * total + offset).update(
                        from: part.matrix.base + row * outputs + first, count: width)
                }
                (bias.base + offset).update(from: part.bias.base + first, count: width)
                offset += width
            }
        }
    }
}

extension VisionTransformerWeights.Block {
    init(dinov2 weights: WeightScope, _ configuration: VisionTransformerConfiguration) throws(WeightsError) {
        let width = configuration.width
        let ones = [Float](repeating: 1, count: width)
        let queryScale = [Float](repeating: 1 / Float(configuration.headWidth).squareRoot(), count: width)
        typealias Linear = VisionTransformerWeights.Linear

        norm1 = try VisionTransformerWeights.LayerNorm(weights["norm1"], width)
        let attention = weights["attention.attention"]
        let query = try Linear(attention["query"], inputs: width, outputs: width, scale: queryScale)
        let key = try Linear(attention["key"], inputs: width, outputs: width, scale: ones)
        let value = try Linear(attention["value"], inputs: width, outputs: width, scale: ones)
        queryKeyValue = Linear(interleaving: [query, key, value], inputs: width, width: configuration.headWidth)
        projection = try Linear(
            weights["attention.output.dense"], inputs: width, outputs: width,
            scale: try weights["layer_scale1"].vector("lambda1", width))
        norm2 = try VisionTransformerWeights.LayerNorm(weights["norm2"], width)
        let hiddenWidth = configuration.hiddenWidth
        hidden = try Linear(
            weights["mlp.fc1"], inputs: width, outputs: hiddenWidth,
            scale: [Float](repeating: 1, count: hiddenWidth))
        output = try Linear(
            weights["mlp.fc2"], inputs: hiddenWidth, outputs: width,
            scale: try weights["layer_scale2"].vector("lambda1", width))
    }
}
