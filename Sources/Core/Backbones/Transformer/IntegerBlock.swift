internal import Glibc

// D width, H heads, h = D / H, M = 4 D hidden width of the MLP.

/// A block whose linear layers are in 8-bit integers; laid out as in ``TransformerBlock``.
package struct IntegerBlock: Sendable {
    let norm1: LayerNorm
    let queryKeyValue: [IntegerLinear]
    let projection: IntegerLinear
    let norm2: LayerNorm
    let hidden: IntegerLinear
    let output: IntegerLinear

    init(_ block: TransformerBlock) {
        let attention = Smoothing(block.norm1, block.queryKeyValue)
        norm1 = attention.norm
        queryKeyValue = attention.layers
        projection = IntegerLinear(block.projection)
        let perceptron = Smoothing(block.norm2, [block.hidden])
        norm2 = perceptron.norm
        hidden = perceptron.layers[0]
        output = IntegerLinear(block.output)
    }
}

/// A layer norm and the layers that take its result, with channels scaled so that their bytes are used alike (Xiao et al.,
/// SmoothQuant, ICML 2023): a few channels of vision transformers are much larger than all others, and would take the steps of a
/// row for themselves. Each channel is divided in the norm by what its weights are multiplied by; the product stays the same.
///
/// How large a channel gets is told by the norm alone, three standard deviations and its offset: no pictures are asked.
private struct Smoothing {
    /// The exponent of the channel's size; what is left to one goes to the weights' size. Of 0.3 ... 1 the one with the least error on
    /// good pictures (docs/performance.md).
    static let strength: Float = 0.9

    let norm: LayerNorm
    let layers: [IntegerLinear]

    init(_ norm: LayerNorm, _ layers: [Linear]) {
        let weights = layers.map(\.weights)
        let width = norm.gamma.count
        let factors = (0..<width).map { channel -> Float in
            let size = 3 * abs(norm.gamma.base[channel]) + abs(norm.beta.base[channel])
            let largest = weights.reduce(Float(0)) { largest, matrix in
                (0..<matrix.rows).reduce(largest) { max($0, abs(matrix[$1, channel])) }
            }
            // A channel that is always zero, or that nobody takes, is left as it is.
            guard size > 0, largest > 0 else { return 1 }
            return pow(size, Self.strength) / pow(largest, 1 - Self.strength)
        }
        self.norm = LayerNorm(
            gamma: zip(norm.gamma.values(0..<width), factors).map(/),
            beta: zip(norm.beta.values(0..<width), factors).map(/))
        self.layers = zip(layers, weights).map { layer, matrix in
            var matrix = matrix
            for index in matrix.values.indices { matrix.values[index] *= factors[index % width] }
            return IntegerLinear(weights: matrix, bias: layer.biases)
        }
    }
}
