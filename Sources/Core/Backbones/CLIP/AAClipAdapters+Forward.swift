// N rows (tokens, patches or prompts), D width of a tower, C width of the embedding.

extension AdapterLayer {
    /// Of PyTorch's `LeakyReLU`.
    static let negativeSlope: Float = 0.01

    /// `[N, inputs] -> [N, outputs]`.
    func apply(_ x: Matrix, _ parameters: Storage, _ parallelism: Parallelism) -> Matrix {
        precondition(x.columns == inputs, "\(name): width \(x.columns) for \(inputs)")
        var result = Matrix(rows: x.rows, columns: outputs)
        result.values.withUnsafeMutableBufferPointer { result in
            x.values.withUnsafeBufferPointer { x in
                guard let y = result.baseAddress, let x = x.baseAddress else { return }
                parallelism.forEachRange(of: result.count / outputs, grain: 16) { _, rows in
                    let first = y + rows.lowerBound * outputs
                    gemm(
                        rows.count, outputs, inputs, x + rows.lowerBound * inputs, inputs, parameters.base + offset,
                        inputs, transposeB: true, into: first, outputs)
                    guard isActivated else { return }
                    for index in 0..<rows.count * outputs where first[index] < 0 { first[index] *= Self.negativeSlope }
                }
            }
        }
        return result
    }
}

extension AAClipAdapters {
    /// Tokens of the residual stream after a block with an adapter: `0.1 A(x) |x| / |A(x)| + 0.9 x`, row by row, `[N, D]`.
    ///
    /// - Parameter adapter: of the layout's image or text adapters.
    package func adapted(_ x: Matrix, by adapter: AdapterLayer, _ parallelism: Parallelism) -> Matrix {
        var result = adapter.apply(x, parameters, parallelism)
        result.mixResidual(x, weight: Self.weight)
        return result
    }

    /// Patches of a level in the text's space, rows of Euclidean norm 1: `[N, D] -> [N, C]`.
    ///
    /// - Parameter tokens: of the level's block after the tower's final layer norm.
    package func level(_ index: Int, _ tokens: Matrix, _ parallelism: Parallelism) -> Matrix {
        var result = layout.levelProjections[index].apply(tokens, parameters, parallelism)
        result.normalizeRows()
        return result
    }

    /// The picture as a whole, the mean of unit vectors: `[N, D] -> [C]`. No class token takes part.
    ///
    /// - Parameter tokens: patches of the last level's block after the tower's final layer norm.
    package func detection(_ tokens: Matrix, _ parallelism: Parallelism) -> [Float] {
        var projected = layout.detectionProjection.apply(tokens, parameters, parallelism)
        projected.normalizeRows()
        var mean = [Float](repeating: 0, count: projected.columns)
        for row in 0..<projected.rows {
            for (column, value) in projected.row(row).enumerated() { mean[column] += value }
        }
        return mean.map { $0 / Float(projected.rows) }
    }
}

extension Matrix {
    /// `self` becomes `weight * self |x| / |self| + (1 - weight) x`, row by row; where `self` is 0, `(1 - weight) x`.
    fileprivate mutating func mixResidual(_ x: Matrix, weight: Float) {
        let (own, others) = (rowProducts(self), x.rowProducts(x))
        values.withUnsafeMutableBufferPointer { values in
            x.values.withUnsafeBufferPointer { x in
                for row in 0..<rows {
                    let factor = own[row] > 0 ? weight * (others[row] / own[row]).squareRoot() : 0
                    for index in row * columns..<(row + 1) * columns {
                        values[index] = factor * values[index] + (1 - weight) * x[index]
                    }
                }
            }
        }
    }
}
