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

    /// - Parameter beta: times this the old values of `output`, `[M, N]`, are added.
    func transposedProduct(
        _ other: Matrix, beta: Float = 0, into output: UnsafeMutablePointer<Float>, _ parallelism: Parallelism
    ) {
        precondition(rows == other.rows, "transposed product: \(rows) and \(other.rows) rows")
        values.withUnsafeBufferPointer { left in
            other.values.withUnsafeBufferPointer { right in
                guard let a = left.baseAddress, let b = right.baseAddress else { return }
                parallelism.forEachRange(of: columns, grain: 16) { _, range in
                    gemm(
                        range.count, other.columns, rows, a + range.lowerBound, columns, transposeA: true, b,
                        other.columns, beta: beta, into: output + range.lowerBound * other.columns, other.columns)
                }
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

    /// Every value times that at the same place of `other`.
    mutating func multiply(by other: Matrix) {
        values.withUnsafeMutableBufferPointer { values in
            other.values.withUnsafeBufferPointer { other in
                for index in values.indices { values[index] *= other[index] }
            }
        }
    }

    mutating func scale(by factor: Float) {
        values.withUnsafeMutableBufferPointer { values in
            for index in values.indices { values[index] *= factor }
        }
    }

    func scaled(by factor: Float) -> Matrix {
        var result = self
        result.scale(by: factor)
        return result
    }
}
