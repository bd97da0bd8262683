internal import CKernels

// R rows, K inputs, C outputs.

/// What the whole numbers of a layer are held in.
package enum IntegerWidth: Sendable, CaseIterable {
    /// Bytes: rows of 0 ... 255, weights of -127 ... 127.
    case bytes
    /// Words of 16 bits: rows of 0 ... 4095; of an output the weights are as large as lets no sum exceed 32 bits. Half as fast as bytes, twice
    /// as fast as single precision, and next to nothing is lost.
    case words

    var kernel: fsac_width {
        switch self {
        case .bytes: FSAC_BYTES
        case .words: FSAC_WORDS
        }
    }

    /// The largest number of a row.
    package var levels: Int {
        switch self {
        case .bytes: FSAC_BYTE_LEVELS
        case .words: FSAC_WORD_LEVELS
        }
    }

    /// Bytes of a number.
    private var size: Int {
        switch self {
        case .bytes: MemoryLayout<Int8>.size
        case .words: MemoryLayout<Int16>.size
        }
    }

    /// Bytes of a row of so many numbers, padded to what a kernel reads at a time.
    func rowBytes(_ columns: Int) -> Int { (columns * size + FSAC_QUAD - 1) / FSAC_QUAD * FSAC_QUAD }
}

/// Rows of numbers as whole ones, each with a scale of its own: what ``IntegerLinear`` multiplies.
///
/// Zero and largest number of a row are its lowest and highest value, so that no bit is lost on signs that do not occur: what comes
/// out of a GELU is never below -0.17. A row that holds a number that is none, or an infinite one, makes every output of it such.
package struct QuantisedRows: Sendable {
    package let columns: Int
    package let width: IntegerWidth
    private let numbers: Storage
    private let scaleValues: Storage

    /// Room for `rows` rows.
    package init(rows: Int, columns: Int, width: IntegerWidth = .bytes) {
        self.init(
            columns: columns, width: width,
            numbers: Storage(count: rows * width.rowBytes(columns) / MemoryLayout<Float>.stride),
            scaleValues: Storage(count: 2 * rows))
    }

    private init(columns: Int, width: IntegerWidth, numbers: Storage, scaleValues: Storage) {
        self.columns = columns
        self.width = width
        self.numbers = numbers
        self.scaleValues = scaleValues
    }

    /// The same memory for rows of no more columns.
    package func narrowed(to columns: Int) -> QuantisedRows {
        precondition(columns <= self.columns, "quantised rows: \(columns) columns in \(self.columns)")
        return QuantisedRows(columns: columns, width: width, numbers: numbers, scaleValues: scaleValues)
    }

    /// - Parameters:
    ///   - x: row 0, rows `stride` numbers apart.
    ///   - rows: which of them.
    package func quantise(_ x: UnsafePointer<Float>, stride: Int, rows: Range<Int>) {
        fsac_quantise(
            width.kernel, x + rows.lowerBound * stride, stride, rows.count, columns, row(rows.lowerBound), byteStride,
            scales(rows.lowerBound))
    }

    /// The rows after layer norm, as bytes.
    ///
    /// - Parameters:
    ///   - x: row 0, `[R, columns]`.
    ///   - scratch: `[columns]`.
    package func quantise(
        _ x: UnsafePointer<Float>, rows: Range<Int>, gamma: Storage, beta: Storage, epsilon: Float,
        scratch: UnsafeMutablePointer<Float>
    ) {
        precondition(width == .bytes, "quantised rows: a layer norm gives bytes")
        fsac_layer_norm_quantise(
            x + rows.lowerBound * columns, gamma.base, beta.base, epsilon, scratch, row(rows.lowerBound), byteStride,
            scales(rows.lowerBound), rows.count, columns)
    }

    func row(_ index: Int) -> UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(numbers.base).assumingMemoryBound(to: UInt8.self) + index * byteStride
    }

    func scales(_ index: Int) -> UnsafeMutablePointer<fsac_row_scale> {
        UnsafeMutableRawPointer(scaleValues.base).assumingMemoryBound(to: fsac_row_scale.self) + index
    }

    /// Bytes from row to row.
    var byteStride: Int { width.rowBytes(columns) }
}

/// A linear layer in integers, `y = activation(addend + x * W + b)`: of each output the weights are whole numbers times one factor. They
/// lie in the order in which the kernel reads them, a quarter (bytes) or half (words) of ``Linear``'s memory.
package struct IntegerLinear: Sendable {
    /// Of a longer row 32 bits would not hold the sum.
    package static let mostInputs = FSAC_MOST_INPUTS

    package let inputs: Int
    package let outputs: Int
    package let width: IntegerWidth
    private let panels: Storage
    private let factors: Storage
    private let sums: Storage
    private let bias: Storage

    /// - Parameters:
    ///   - weights: `[C, K]`, PyTorch's layout, finite.
    ///   - bias: `[C]`.
    package init(weights: Matrix, bias: [Float], width: IntegerWidth = .bytes) {
        precondition(bias.count == weights.rows, "integer linear: \(bias.count) biases for \(weights.rows) outputs")
        precondition(weights.columns <= Self.mostInputs, "integer linear: \(weights.columns) inputs")
        inputs = weights.columns
        outputs = weights.rows
        self.width = width
        let columns = Self.panelCount(outputs) * Linear.panelWidth
        factors = Storage(count: columns)
        sums = Storage(count: columns)
        self.bias = Storage(bias + [Float](repeating: 0, count: columns - outputs))
        panels =
            switch width {
            case .bytes: Self.panels(of: Self.rounded(weights, width, factors, sums) as [[Int8]], inputs: inputs)
            case .words: Self.panels(of: Self.rounded(weights, width, factors, sums) as [[Int16]], inputs: inputs)
            }
    }

    /// Each output's weights as whole numbers; writes their factors, and these times the sum of the numbers.
    private static func rounded<Number: FixedWidthInteger & SignedInteger>(
        _ weights: Matrix, _ width: IntegerWidth, _ factors: Storage, _ sums: Storage
    ) -> [[Number]] {
        (0..<weights.rows).map { output in
            let values = weights.row(output)
            let (most, largest) = (Float(Number.max), values.reduce(Float(0)) { max($0, abs($1)) })
            // Bytes reach no sum of 32 bits. Of words the sizes together may be so large, each half a step larger than it was.
            let room = Float(Int(Int32.max) / width.levels - values.count)
            let size = width == .bytes ? 0 : values.reduce(Float(0)) { $0 + abs($1) } / room
            let factor = max(largest / most, size, .leastNormalMagnitude)
            let numbers = values.map { Number(min(max(($0 / factor).rounded(), -most), most)) }
            factors.base[output] = factor
            sums.base[output] = factor * Float(numbers.reduce(0) { $0 + Int($1) })
            return numbers
        }
    }

    /// Numbers as the kernels read them: in panels of 32 columns, of each the four bytes or two words of a quad side by side.
    ///
    /// - Parameter columns: each of `inputs` numbers.
    static func panels<Number: FixedWidthInteger>(of columns: [[Number]], inputs: Int) -> Storage {
        let (panel, quad) = (Linear.panelWidth, FSAC_QUAD / MemoryLayout<Number>.size)
        let rows = (inputs + quad - 1) / quad * quad
        let panels = Storage(
            count: panelCount(columns.count) * panel * rows * MemoryLayout<Number>.size / MemoryLayout<Float>.stride)
        let numbers = UnsafeMutableRawPointer(panels.base).assumingMemoryBound(to: Number.self)
        for (index, column) in columns.enumerated() {
            let first = numbers + index / panel * panel * rows + index % panel * quad
            for (input, value) in column.enumerated() { first[input / quad * panel * quad + input % quad] = value }
        }
        return panels
    }

    static func panelCount(_ columns: Int) -> Int { (columns + Linear.panelWidth - 1) / Linear.panelWidth }

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
        precondition(
            x.columns == inputs && x.width == width,
            "integer linear: rows of \(x.columns) \(x.width) for \(inputs) inputs in \(width)")
        let range = range ?? 0..<panelCount
        precondition(
            range.lowerBound >= 0 && range.upperBound <= panelCount, "integer linear: panels \(range) of \(panelCount)")
        let (first, last) = (range.lowerBound * Linear.panelWidth, min(range.upperBound * Linear.panelWidth, outputs))
        let rowBytes = width.rowBytes(inputs)
        var weights = fsac_integer_weights(
            width: width.kernel, panels: UnsafeRawPointer(panels.base) + first * rowBytes,
            factors: factors.base + first, sums: sums.base + first, bias: bias.base + first, row_bytes: rowBytes)
        fsac_integer_linear(
            path.kernel, x.row(0), x.byteStride, x.scales(0), rows, &weights, last - first,
            addend.map { $0 + first }, activation.kernel, output + first, outputStride)
    }
}

extension IntegerLinear {
    /// A layer, its weights rounded.
    package init(_ layer: Linear) { self.init(weights: layer.weights, bias: layer.biases) }
}
