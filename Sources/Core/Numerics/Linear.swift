internal import CKernels

/// What follows a linear layer, value by value.
package enum Activation: Sendable {
    case none
    /// `min(max(x, 0), 6)`.
    case relu6
    /// Exact GELU (Hendrycks and Gimpel 2016): `x * Phi(x)`, not the tanh approximation.
    case gelu
    /// `x * sigmoid(1.702 x)`: the approximation of GELU that OpenAI's CLIP was trained with.
    case quickGELU

    var kernel: fsac_activation {
        switch self {
        case .none: FSAC_NO_ACTIVATION
        case .relu6: FSAC_RELU6
        case .gelu: FSAC_GELU
        case .quickGELU: FSAC_QUICK_GELU
        }
    }
}

/// A linear layer `y = activation(addend + x * W + b)`; a 1 x 1 convolution is one over pixels.
///
/// Its weights lie in the order in which the kernel reads them, in panels of 32 outputs. A product by OpenBLAS would copy
/// them into such an order on every call (docs/decisions/0002).
package struct Linear: Sendable {
    package static let panelWidth = 32

    package let inputs: Int
    package let outputs: Int
    private let panels: Storage
    private let bias: Storage

    /// - Parameters:
    ///   - weights: `[outputs, inputs]`, PyTorch's layout.
    ///   - bias: `[outputs]`.
    package init(weights: Matrix, bias: [Float]) {
        precondition(bias.count == weights.rows, "linear: \(bias.count) biases for \(weights.rows) outputs")
        inputs = weights.columns
        outputs = weights.rows
        panels = Storage(count: (outputs + 15) / 16 * 16 * inputs)
        self.bias = Storage(bias + [Float](repeating: 0, count: Self.panelWidth))
        for output in 0..<outputs {
            let column = column(of: output)
            for input in 0..<inputs { column.first[input * column.step] = weights.values[output * inputs + input] }
        }
    }

    /// `[outputs, inputs]`, as they were given.
    var weights: Matrix {
        var matrix = Matrix(rows: outputs, columns: inputs)
        for output in 0..<outputs {
            let column = column(of: output)
            for input in 0..<inputs { matrix.values[output * inputs + input] = column.first[input * column.step] }
        }
        return matrix
    }

    var biases: [Float] { bias.values(0..<outputs) }

    /// Where the weights of an output lie.
    private func column(of output: Int) -> (first: UnsafeMutablePointer<Float>, step: Int) {
        let first = output / Self.panelWidth * Self.panelWidth
        return (panels.base + first * inputs + output - first, outputs - first <= 16 ? 16 : Self.panelWidth)
    }

    /// The panels of all outputs: what `apply` can be told to compute some of.
    package var panelCount: Int { (outputs + Self.panelWidth - 1) / Self.panelWidth }

    /// The outputs of some panels.
    package func columns(_ panels: Range<Int>) -> Range<Int> {
        panels.lowerBound * Self.panelWidth..<min(panels.upperBound * Self.panelWidth, outputs)
    }

    /// - Parameters:
    ///   - x: `[rows, inputs]`, rows `stride` apart.
    ///   - panels: computes the outputs `32 * lowerBound ..< 32 * upperBound` only; all when it is nil.
    ///   - addend: `[rows, outputs]`, rows `outputStride` apart; may be `output`.
    ///   - output: `[rows, outputs]`, rows `outputStride` apart.
    package func apply(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, panels range: Range<Int>? = nil,
        addend: UnsafePointer<Float>? = nil, activation: Activation = .none,
        into output: UnsafeMutablePointer<Float>, outputStride: Int
    ) {
        let range = range ?? 0..<panelCount
        precondition(
            range.lowerBound >= 0 && range.upperBound <= panelCount, "linear: panels \(range) of \(panelCount)")
        let columns = columns(range)
        let first = columns.lowerBound
        fsac_linear(
            x, stride, rows, panels.base + first * inputs, bias.base + first, inputs, columns.count,
            addend.map { $0 + first }, activation.kernel, output + first, outputStride)
    }

    /// The way back: `addend + y * Wᵀ`, the derivatives by `x` when those by the result (before an activation) are `y`.
    ///
    /// - Parameters:
    ///   - y: `[rows, outputs]`, rows `stride` apart.
    ///   - range: the inputs that are computed; all when it is nil.
    ///   - addend: `[rows, inputs]`, rows `outputStride` apart; may be `output`.
    ///   - output: `[rows, inputs]`, rows `outputStride` apart.
    package func applyTransposed(
        _ y: UnsafePointer<Float>, stride: Int, rows: Int, inputs range: Range<Int>? = nil,
        addend: UnsafePointer<Float>? = nil, into output: UnsafeMutablePointer<Float>, outputStride: Int
    ) {
        let range = range ?? 0..<inputs
        precondition(range.lowerBound >= 0 && range.upperBound <= inputs, "linear: inputs \(range) of \(inputs)")
        fsac_linear_transposed(
            y, stride, rows, panels.base, inputs, outputs, range.lowerBound, range.upperBound, addend, output,
            outputStride)
    }
}
