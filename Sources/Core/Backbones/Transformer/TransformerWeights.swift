// D width, H heads, h = D / H, M = 4 D hidden width of the MLP.

/// The sizes of a stack of transformer blocks, and what its layers compute with.
package struct TransformerShape: Sendable, Equatable {
    package let width: Int
    package let depth: Int
    package let heads: Int
    package let layerNormEpsilon: Float
    /// What follows the first layer of an MLP.
    package let activation: Activation

    package init(width: Int, depth: Int, heads: Int, layerNormEpsilon: Float, activation: Activation) {
        precondition(heads > 0 && width % heads == 0, "transformer: width \(width), \(heads) heads")
        self.width = width
        self.depth = depth
        self.heads = heads
        self.layerNormEpsilon = layerNormEpsilon
        self.activation = activation
    }

    package var headWidth: Int { width / heads }
    package var hiddenWidth: Int { 4 * width }
}

/// What is learnt of a layer norm, each `[D]`.
package struct LayerNorm: Sendable {
    package let gamma: Storage
    package let beta: Storage

    package init(_ weights: WeightScope, _ width: Int) throws(WeightsError) {
        gamma = Storage(try weights.vector("weight", width))
        beta = Storage(try weights.vector("bias", width))
    }

    init(gamma: [Float], beta: [Float]) {
        self.gamma = Storage(gamma)
        self.beta = Storage(beta)
    }

    /// Without weights.
    init(plain width: Int) {
        gamma = Storage([Float](repeating: 1, count: width))
        beta = Storage([Float](repeating: 0, count: width))
    }
}

/// One pre-norm block (Dosovitskiy et al. 2021), laid out for computing: what is constant at inference (the attention
/// scale, LayerScale) is multiplied into the linear layers.
package struct TransformerBlock: Sendable {
    let norm1: LayerNorm
    /// One a head, `D -> 3 h`: query (already divided by the root of the head's width), key, value.
    let queryKeyValue: [Linear]
    /// Attention output; with LayerScale 1 where there is one.
    let projection: Linear
    let norm2: LayerNorm
    let hidden: Linear
    /// Second layer of the MLP; with LayerScale 2 where there is one.
    let output: Linear
}

/// A stack of blocks, all in one precision.
package struct TransformerWeights: Sendable {
    package enum Blocks: Sendable {
        case float32([TransformerBlock])
        /// There is no way back through these.
        case int8([IntegerBlock])
    }

    package let shape: TransformerShape
    package let blocks: Blocks

    /// - Parameters:
    ///   - inIntegers: of a block no more is kept than what that computes with.
    ///   - block: reads one, counted from 0.
    package init(
        _ shape: TransformerShape, inIntegers: Bool = false, block: (Int) throws(WeightsError) -> TransformerBlock
    ) throws(WeightsError) {
        self.shape = shape
        if inIntegers {
            var blocks: [IntegerBlock] = []
            for index in 0..<shape.depth { blocks.append(IntegerBlock(try block(index))) }
            self.blocks = .int8(blocks)
        } else {
            var blocks: [TransformerBlock] = []
            for index in 0..<shape.depth { blocks.append(try block(index)) }
            self.blocks = .float32(blocks)
        }
    }

    package var isInIntegers: Bool {
        switch blocks {
        case .float32: false
        case .int8: true
        }
    }
}

extension Linear {
    /// The tensors `weight` `[outputs, inputs]` and `bias`.
    ///
    /// - Parameter scale: one factor an output, multiplied into weights and bias.
    init(_ weights: WeightScope, inputs: Int, outputs: Int, scale: [Float]? = nil) throws(WeightsError) {
        var matrix = try weights.matrix("weight", outputs, inputs)
        var bias = try weights.vector("bias", outputs)
        if let scale {
            for index in matrix.values.indices { matrix.values[index] *= scale[index / inputs] }
            bias = zip(bias, scale).map(*)
        }
        self.init(weights: matrix, bias: bias)
    }

    /// A tensor `[inputs, outputs]` that a row is multiplied with from the right, without a bias.
    init(projection name: String, _ weights: WeightScope, inputs: Int, outputs: Int) throws(WeightsError) {
        self.init(
            weights: try weights.matrix(name, inputs, outputs).transposed(),
            bias: [Float](repeating: 0, count: outputs))
    }
}

extension TransformerBlock {
    /// Query, key and value layers, each `[D, D]` with a bias, as one layer for each head.
    ///
    /// - Parameters:
    ///   - matrices: the values of the three, `[3 D, D]`.
    ///   - biases: `[3 D]`.
    static func heads(_ matrices: [Float], _ biases: [Float], _ shape: TransformerShape) -> [Linear] {
        let (width, head) = (shape.width, shape.headWidth)
        let scale = 1 / Float(head).squareRoot()
        return (0..<shape.heads).map { index in
            var (matrix, bias): ([Float], [Float]) = ([], [])
            for third in 0..<3 {
                let rows = third * width + index * head..<third * width + (index + 1) * head
                let factor = third == 0 ? scale : 1
                matrix += matrices[rows.lowerBound * width..<rows.upperBound * width].map { $0 * factor }
                bias += biases[rows].map { $0 * factor }
            }
            return Linear(weights: Matrix(rows: 3 * head, columns: width, values: matrix), bias: bias)
        }
    }
}

extension TransformerWeights {
    /// - Parameter weights: OpenCLIP's `transformer` or `visual.transformer`.
    /// - Throws: `WeightsError` naming the first tensor that is missing or has another shape.
    init(openCLIP weights: WeightScope, _ shape: TransformerShape) throws(WeightsError) {
        try self.init(shape) { index throws(WeightsError) in
            try TransformerBlock(openCLIP: weights["resblocks.\(index)"], shape)
        }
    }
}

extension TransformerBlock {
    init(openCLIP weights: WeightScope, _ shape: TransformerShape) throws(WeightsError) {
        let (width, hiddenWidth) = (shape.width, shape.hiddenWidth)
        let attention = weights["attn"]
        self.init(
            norm1: try LayerNorm(weights["ln_1"], width),
            queryKeyValue: Self.heads(
                try attention.matrix("in_proj_weight", 3 * width, width).values,
                try attention.vector("in_proj_bias", 3 * width), shape),
            projection: try Linear(attention["out_proj"], inputs: width, outputs: width),
            norm2: try LayerNorm(weights["ln_2"], width),
            hidden: try Linear(weights["mlp.c_fc"], inputs: width, outputs: hiddenWidth),
            output: try Linear(weights["mlp.c_proj"], inputs: hiddenWidth, outputs: width))
    }
}
