/// A 1 x 1 convolution: a linear layer over the pixels of a picture of features.
package enum PointwiseConvolution: Sendable {
    case float32(Linear)
    /// In 16-bit integers, each pixel's inputs with a scale of their own.
    case words(IntegerLinear)

    package var inputs: Int {
        switch self {
        case .float32(let layer): layer.inputs
        case .words(let layer): layer.inputs
        }
    }

    package var outputs: Int {
        switch self {
        case .float32(let layer): layer.outputs
        case .words(let layer): layer.outputs
        }
    }

    /// - Parameters:
    ///   - x: `[pixels, inputs]`.
    ///   - addend: `[pixels, outputs]`.
    ///   - scratch: room for `pixels` rows of words, of at least `inputs` columns, where the layer is in integers.
    ///   - output: `[pixels, outputs]`.
    package func apply(
        _ x: UnsafePointer<Float>, pixels: Int, addend: UnsafePointer<Float>? = nil, activation: Activation = .none,
        scratch: QuantisedRows, into output: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .float32(let layer):
            layer.apply(
                x, stride: layer.inputs, rows: pixels, addend: addend, activation: activation, into: output,
                outputStride: layer.outputs)
        case .words(let layer):
            let rows = scratch.narrowed(to: layer.inputs)
            rows.quantise(x, stride: layer.inputs, rows: 0..<pixels)
            layer.apply(
                rows, rows: pixels, addend: addend, activation: activation, into: output, outputStride: layer.outputs)
        }
    }
}
