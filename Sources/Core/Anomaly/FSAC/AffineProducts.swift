internal import CKernels

// B rows of a batch.

extension Affine {
    /// `[B, inputs] -> [B, outputs]`.
    func apply(_ x: Matrix, _ parameters: Storage, _ parallelism: Parallelism) -> Matrix {
        precondition(x.columns == inputs, "\(name): width \(x.columns) for \(inputs)")
        var result = Matrix(rows: x.rows, columns: outputs)
        result.values.withUnsafeMutableBufferPointer { result in
            x.values.withUnsafeBufferPointer { x in
                guard let y = result.baseAddress, let x = x.baseAddress else { return }
                let (weights, bias) = (parameters.base + offset, parameters.base + biasOffset)
                Blocks(rows: result.count / outputs, columns: outputs, parallelism).run { rows, columns in
                    for row in rows {
                        (y + row * outputs + columns.lowerBound)
                            .update(from: bias + columns.lowerBound, count: columns.count)
                    }
                    gemm(
                        rows.count, columns.count, inputs, x + rows.lowerBound * inputs, inputs,
                        weights + columns.lowerBound * inputs, inputs, transposeB: true, beta: 1,
                        into: y + rows.lowerBound * outputs + columns.lowerBound, outputs)
                }
            }
        }
        return result
    }

    /// The derivatives from those by the layer's output, `[B, outputs]`.
    ///
    /// - Parameter gradients: where those by `W` and `b` are written; nil leaves them out.
    /// - Returns: those by the input, `[B, inputs]`; nil when they are not needed.
    func backward(
        _ x: Matrix, _ gradient: Matrix, _ parameters: Storage, into gradients: Storage?, _ parallelism: Parallelism,
        needsInput: Bool = true
    ) -> Matrix? {
        if let gradients {
            gradient.transposedProduct(x, into: gradients.base + offset, parallelism)
            gradient.sumRows(into: gradients.base + biasOffset)
        }
        guard needsInput else { return nil }
        var result = Matrix(rows: x.rows, columns: inputs)
        result.values.withUnsafeMutableBufferPointer { result in
            gradient.values.withUnsafeBufferPointer { gradient in
                guard let dx = result.baseAddress, let dy = gradient.baseAddress else { return }
                Blocks(rows: x.rows, columns: inputs, parallelism).run { rows, columns in
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
/// only its own part of the weights.
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
            parallelism.forEachRange(of: rows, grain: 16) { _, part in body(part, 0..<columns) }
        } else {
            parallelism.forEachRange(of: columns, grain: 64) { _, part in body(0..<rows, part) }
        }
    }
}

extension Matrix {
    /// `selfᵀ other`: `[B, M]ᵀ [B, N] -> [M, N]`.
    func transposedProduct(_ other: Matrix, _ parallelism: Parallelism = .serial) -> Matrix {
        var result = Matrix(rows: columns, columns: other.columns)
        result.values.withUnsafeMutableBufferPointer { result in
            guard let output = result.baseAddress else { return }
            transposedProduct(other, into: output, parallelism)
        }
        return result
    }

    func transposedProduct(_ other: Matrix, into output: UnsafeMutablePointer<Float>, _ parallelism: Parallelism) {
        precondition(rows == other.rows, "transposed product: \(rows) and \(other.rows) rows")
        values.withUnsafeBufferPointer { left in
            other.values.withUnsafeBufferPointer { right in
                guard let a = left.baseAddress, let b = right.baseAddress else { return }
                parallelism.forEachRange(of: columns, grain: 16) { _, range in
                    gemm(
                        range.count, other.columns, rows, a + range.lowerBound, columns, transposeA: true, b,
                        other.columns, into: output + range.lowerBound * other.columns, other.columns)
                }
            }
        }
    }

    /// The sum of all rows.
    func sumRows(into output: UnsafeMutablePointer<Float>) {
        output.update(repeating: 0, count: columns)
        values.withUnsafeBufferPointer { values in
            for row in 0..<rows {
                for column in 0..<columns { output[column] += values[row * columns + column] }
            }
        }
    }

    /// `self += factors[row] * other`, row by row; factors of nil are `scale` alone.
    mutating func add(_ other: Matrix, rowFactors: [Float]? = nil, scale: Float = 1) {
        precondition(rows == other.rows && columns == other.columns, "sum: \(rows) and \(other.rows) rows")
        values.withUnsafeMutableBufferPointer { values in
            other.values.withUnsafeBufferPointer { other in
                for row in 0..<rows {
                    let factor = scale * (rowFactors?[row] ?? 1)
                    for index in row * columns..<(row + 1) * columns { values[index] += factor * other[index] }
                }
            }
        }
    }

    /// The sum of each row's products with the same row of `other`.
    func rowProducts(_ other: Matrix) -> [Float] {
        precondition(rows == other.rows && columns == other.columns, "row products: [\(rows), \(columns)]")
        return values.withUnsafeBufferPointer { left in
            other.values.withUnsafeBufferPointer { right in
                (0..<rows).map { row in
                    // Sixteen sums side by side: one sum would wait for itself.
                    var sums = SIMD16<Float>.zero
                    var index = row * columns
                    let end = index + columns
                    while index + 16 <= end {
                        for lane in 0..<16 { sums[lane] += left[index + lane] * right[index + lane] }
                        index += 16
                    }
                    var sum = sums.sum()
                    while index < end {
                        sum += left[index] * right[index]
                        index += 1
                    }
                    return sum
                }
            }
        }
    }

    /// GELU of every value, and its derivative there.
    func gelu() -> (values: Matrix, slopes: Matrix) {
        var result = self
        var slopes = self
        result.values.withUnsafeMutableBufferPointer { result in
            slopes.values.withUnsafeMutableBufferPointer { slopes in
                fsac_gelu_with_slope(values, result.baseAddress, slopes.baseAddress, values.count)
            }
        }
        return (result, slopes)
    }

    /// Every value times that at the same place of `other`.
    mutating func multiply(by other: Matrix) {
        values.withUnsafeMutableBufferPointer { values in
            other.values.withUnsafeBufferPointer { other in
                for index in values.indices { values[index] *= other[index] }
            }
        }
    }
}
