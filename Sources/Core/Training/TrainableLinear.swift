// N rows of a batch.

/// A linear layer `y = x Wᵀ + b`, forth and back, whose numbers lie among those of a whole network: `W [outputs, inputs]`, then
/// `b [outputs]` where it has one.
package struct TrainableLinear: Sendable, Equatable {
    /// What its tensors' names begin with: `.weight` and `.bias` follow.
    package let name: String
    package let inputs: Int
    package let outputs: Int
    package let hasBias: Bool
    /// Of `W`, among all numbers.
    package let offset: Int

    package init(name: String, inputs: Int, outputs: Int, hasBias: Bool, offset: Int) {
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.hasBias = hasBias
        self.offset = offset
    }

    /// Of `W`.
    package var weightRange: Range<Int> { offset..<offset + outputs * inputs }
    /// Of all its numbers.
    package var range: Range<Int> { offset..<weightRange.upperBound + (hasBias ? outputs : 0) }

    package var places: [TensorPlace] {
        let weight = TensorPlace(name: name + ".weight", shape: [outputs, inputs], offset: offset)
        guard hasBias else { return [weight] }
        return [weight, TensorPlace(name: name + ".bias", shape: [outputs], offset: weightRange.upperBound)]
    }

    /// `[N, inputs] -> [N, outputs]`.
    package func apply(_ x: Matrix, _ parameters: Storage, _ parallelism: Parallelism) -> Matrix {
        precondition(x.columns == inputs, "\(name): width \(x.columns) for \(inputs)")
        var result = Matrix(rows: x.rows, columns: outputs)
        result.values.withUnsafeMutableBufferPointer { result in
            x.values.withUnsafeBufferPointer { x in
                guard let y = result.baseAddress, let x = x.baseAddress else { return }
                Blocks(rows: result.count / outputs, columns: outputs, parallelism).run { rows, columns in
                    apply(x, rows: rows, columns: columns, parameters, into: y)
                }
            }
        }
        return result
    }

    /// Some outputs of some rows, on the calling thread.
    ///
    /// - Parameters:
    ///   - x: `[N, inputs]`.
    ///   - y: `[N, outputs]`, of which only these rows and columns are written.
    func apply(
        _ x: UnsafePointer<Float>, rows: Range<Int>, columns: Range<Int>, _ parameters: Storage,
        into y: UnsafeMutablePointer<Float>
    ) {
        if hasBias {
            let bias = parameters.base + weightRange.upperBound + columns.lowerBound
            for row in rows { (y + row * outputs + columns.lowerBound).update(from: bias, count: columns.count) }
        }
        gemm(
            rows.count, columns.count, inputs, x + rows.lowerBound * inputs, inputs,
            parameters.base + offset + columns.lowerBound * inputs, inputs, transposeB: true, beta: hasBias ? 1 : 0,
            into: y + rows.lowerBound * outputs + columns.lowerBound, outputs)
    }

    /// The derivatives by `W` and `b`.
    ///
    /// - Parameters:
    ///   - x: what the layer was applied to, `[N, inputs]`.
    ///   - gradient: the derivatives by what it gave, `[N, outputs]`.
    ///   - gradients: laid out as the parameters; they are written there.
    ///   - adding: they are added to what is there instead.
    package func parameterGradient(
        _ x: Matrix, _ gradient: Matrix, into gradients: Storage, adding: Bool = false, _ parallelism: Parallelism
    ) {
        gradient.transposedProduct(x, beta: adding ? 1 : 0, into: gradients.base + offset, parallelism)
        guard hasBias else { return }
        let bias = gradients.base + weightRange.upperBound
        if !adding { bias.update(repeating: 0, count: outputs) }
        gradient.values.withUnsafeBufferPointer { gradient in
            for row in 0..<x.rows {
                for column in 0..<outputs { bias[column] += gradient[row * outputs + column] }
            }
        }
    }

    /// The derivatives by what the layer was applied to, `[N, inputs]`.
    ///
    /// - Parameter gradient: those by what it gave, `[N, outputs]`.
    package func inputGradient(_ gradient: Matrix, _ parameters: Storage, _ parallelism: Parallelism) -> Matrix {
        precondition(gradient.columns == outputs, "\(name): gradient of width \(gradient.columns) for \(outputs)")
        var result = Matrix(rows: gradient.rows, columns: inputs)
        result.values.withUnsafeMutableBufferPointer { result in
            gradient.values.withUnsafeBufferPointer { gradient in
                guard let dx = result.baseAddress, let dy = gradient.baseAddress else { return }
                Blocks(rows: result.count / inputs, columns: inputs, parallelism).run { rows, columns in
                    gemm(
                        rows.count, columns.count, outputs, dy + rows.lowerBound * outputs, outputs,
                        parameters.base + offset + columns.lowerBound, inputs,
                        into: dx + rows.lowerBound * inputs + columns.lowerBound, inputs)
                }
            }
        }
        return result
    }
}

/// How the threads share a product: by rows when there are enough of them, or else by columns, so that each thread reads
/// only its own rows or columns of the weights.
private struct Blocks {
    let rows: Int
    let columns: Int
    let parallelism: Parallelism

    init(rows: Int, columns: Int, _ parallelism: Parallelism) {
        self.rows = rows
        self.columns = columns
        self.parallelism = parallelism
    }

    func run(_ body: (_ rows: Range<Int>, _ columns: Range<Int>) -> Void) {
        if rows >= 16 * parallelism.threads {
            parallelism.forEachRange(of: rows, grain: 16) { _, range in body(range, 0..<columns) }
        } else {
            parallelism.forEachRange(of: columns, grain: 64) { _, range in body(0..<rows, range) }
        }
    }
}
