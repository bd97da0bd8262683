internal import CKernels

// R rows, K inputs, C outputs.

/// Rows of numbers as bytes, each with a scale of its own: what ``IntegerLinear`` multiplies.
///
/// Zero and largest number of a row are its lowest and highest value, so that no bit is lost on signs that do not occur: what comes
/// out of a GELU is never below -0.17. A row that holds a number that is none, or an infinite one, makes every output of it such.
package struct QuantisedRows: Sendable {
    package let columns: Int
    private let bytes: Storage
    private let scaleValues: Storage
    /// Bytes from row to row.
    private let stride: Int

    /// Room for `rows` rows.
    package init(rows: Int, columns: Int) {
        self.columns = columns
        stride = IntegerLinear.padded(columns)
        bytes = Storage(count: rows * stride / MemoryLayout<Float>.stride)
        scaleValues = Storage(count: 2 * rows)
    }

    /// - Parameters:
    ///   - x: row 0, rows `stride` numbers apart.
    ///   - rows: which of them.
    package func quantise(_ x: UnsafePointer<Float>, stride: Int, rows: Range<Int>) {
        fsac_quantise(
            x + rows.lowerBound * stride, stride, rows.count, columns, row(rows.lowerBound), self.stride,
            scales(rows.lowerBound))
    }

    /// The rows after layer norm.
    ///
    /// - Parameters:
    ///   - x: row 0, `[R, columns]`.
    ///   - scratch: `[columns]`.
    package func quantise(
        _ x: UnsafePointer<Float>, rows: Range<Int>, gamma: Storage, beta: Storage, epsilon: Float,
        scratch: UnsafeMutablePointer<Float>
    ) {
        fsac_layer_norm_quantise(
            x + rows.lowerBound * columns, gamma.base, beta.base, epsilon, scratch, row(rows.lowerBound), stride,
            scales(rows.lowerBound), rows.count, columns)
    }

    func row(_ index: Int) -> UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(bytes.base).assumingMemoryBound(to: UInt8.self) + index * stride
    }

    func scales(_ index: Int) -> UnsafeMutablePointer<fsac_row_scale> {
        UnsafeMutableRawPointer(scaleValues.base).assumingMemoryBound(to: fsac_row_scale.self) + index
    }

    /// Bytes from row to row, as the kernel takes them.
    var byteStride: Int { stride }
}

/// A linear layer in 8-bit integers, `y = activation(addend + x * W + b)`: of each output the weights are whole numbers from -127 to
/// 127 times one factor. They lie in the order in which the kernel reads them, a quarter of ``Linear``'s bytes.
package struct IntegerLinear: Sendable {
    /// Of a longer row 32 bits would not hold the sum.
    package static let mostInputs = FSAC_MOST_INPUTS

    package let inputs: Int
    package let outputs: Int
    private let panels: Storage
    private let factors: Storage
    private let sums: Storage
    private let bias: Storage

    /// - Parameters:
    ///   - weights: `[C, K]`, PyTorch's layout, finite.
    ///   - bias: `[C]`.
    package init(weights: Matrix, bias: [Float]) {
        precondition(bias.count == weights.rows, "integer linear: \(bias.count) biases for \(weights.rows) outputs")
        precondition(weights.columns <= Self.mostInputs, "integer linear: \(weights.columns) inputs")
        inputs = weights.columns
        outputs = weights.rows
        let columns = Self.panelCount(outputs) * Linear.panelWidth
        factors = Storage(count: columns)
        sums = Storage(count: columns)
        self.bias = Storage(bias + [Float](repeating: 0, count: columns - outputs))
        let bytes = (0..<outputs).map { [factors, sums] output in
            let values = weights.row(output)
            let factor = max(values.reduce(Float(0)) { max($0, abs($1)) }, .leastNormalMagnitude) / 127
            let bytes = values.map { Int8(min(max(($0 / factor).rounded(), -127), 127)) }
            factors.base[output] = factor
            sums.base[output] = factor * Float(bytes.reduce(0) { $0 + Int($1) })
            return bytes
        }
        panels = Self.panels(of: bytes, inputs: inputs)
    }

    /// Bytes as the kernels read them: in panels of 32 columns, of each four inputs side by side.
    ///
    /// - Parameter columns: each of `inputs` bytes.
    static func panels(of columns: [[Int8]], inputs: Int) -> Storage {
        let (panel, quad, rows) = (Linear.panelWidth, FSAC_QUAD, padded(inputs))
        let panels = Storage(count: panelCount(columns.count) * panel * rows / MemoryLayout<Float>.stride)
        let bytes = UnsafeMutableRawPointer(panels.base).assumingMemoryBound(to: Int8.self)
        for (index, column) in columns.enumerated() {
            let first = bytes + index / panel * panel * rows + index % panel * quad
            for (input, value) in column.enumerated() { first[input / quad * panel * quad + input % quad] = value }
        }
        return panels
    }

    static func panelCount(_ columns: Int) -> Int { (columns + Linear.panelWidth - 1) / Linear.panelWidth }

    static func padded(_ inputs: Int) -> Int {
        (inputs + FSAC_QUAD - 1) / FSAC_QUAD * FSAC_QUAD
    }

    package var panelCount: Int { Self.panelCount(outputs) }

    /// - Parameters:
    ///   - x: its rows 0 ..< `rows`.
    ///   - range: computes the outputs `32 * lowerBound ..< 32 * upperBound` only; all when it is nil.
    ///   - addend: `[rows, C]`, rows `outputStride` apart; may be `output`.
    ///   - output: `[rows, C]`, rows `outputStride` apart.
    package func apply(
        _ x: QuantisedRows, rows: Int, panels range: Range<Int>? = nil, addend: UnsafePointer<Float>? = nil,
        activation: Activation = .none, path: IntegerPath = .best, into output: UnsafeMutablePointer<Float>,
        outputStride: Int
    ) {
        precondition(x.columns == inputs, "integer linear: rows of \(x.columns) numbers for \(inputs) inputs")
        let range = range ?? 0..<panelCount
        precondition(
            range.lowerBound >= 0 && range.upperBound <= panelCount, "integer linear: panels \(range) of \(panelCount)")
        let (first, last) = (range.lowerBound * Linear.panelWidth, min(range.upperBound * Linear.panelWidth, outputs))
        let rowBytes = Self.padded(inputs)
        var weights = fsac_integer_weights(
            panels: UnsafeRawPointer(panels.base).assumingMemoryBound(to: Int8.self) + first * rowBytes,
            factors: factors.base + first, sums: sums.base + first, bias: bias.base + first, inputs: rowBytes)
        fsac_integer_linear(
            path.kernel, x.row(0), x.byteStride, x.scales(0), rows, &weights, last - first,
            addend.map { $0 + first }, activation.kernel, output + first, outputStride)
    }
}

extension IntegerLinear {
    /// A layer, its weights rounded.
    package init(_ layer: Linear) { self.init(weights: layer.weights, bias: layer.biases) }
}
