// N rows, D columns, R axes.

extension Matrix {
    /// The directions in which the rows have the largest sum of squares: the first eigenvectors of `XᵀX`, by orthogonal iteration (Golub
    /// and Van Loan, Matrix Computations, section 8.2.4).
    ///
    /// - Parameters:
    ///   - iterations: each brings an axis nearer by the ratio of the next eigenvalue to its own.
    ///   - mean: of the rows, if it is to be taken away from them first.
    /// - Returns: `[R, D]`, orthonormal rows, the largest first; rows of zeros where there are no more directions.
    /// - Complexity: O(D² (N + R iterations)).
    package func principalAxes(_ count: Int, iterations: Int, less mean: [Float]? = nil) -> Matrix {
        precondition(count <= columns, "principal axes: \(count) of \(columns)")
        var squares = transposed().multiplied(by: self)
        if let mean {
            for row in 0..<columns {
                for column in 0..<columns { squares[row, column] -= Float(rows) * mean[row] * mean[column] }
            }
        }
        var random = SplitMix64(seed: 1)
        var axes = Matrix(
            rows: count, columns: columns, values: (0..<count * columns).map { _ in random.uniform(-1...1) })
        axes.orthonormalizeRows()
        for _ in 0..<iterations {
            axes = axes.multiplied(by: squares)
            axes.orthonormalizeRows()
        }
        return axes
    }

    /// Modified Gram-Schmidt; a row that depends on those before becomes zero.
    private mutating func orthonormalizeRows() {
        let (rows, width) = (rows, columns)
        values.withUnsafeMutableBufferPointer { values in
            for row in 0..<rows {
                let current = row * width
                let length = Self.product(values, current, current, width).squareRoot()
                for other in 0..<row {
                    let share = Float(Self.product(values, current, other * width, width))
                    for c in 0..<width { values[current + c] -= share * values[other * width + c] }
                }
                let rest = Self.product(values, current, current, width).squareRoot()
                let scale = rest > 1e-6 * length ? Float(1 / rest) : 0
                for c in 0..<width { values[current + c] *= scale }
            }
        }
    }

    private static func product(
        _ values: UnsafeMutableBufferPointer<Float>, _ a: Int, _ b: Int, _ count: Int
    ) -> Double {
        var sum = 0.0
        for c in 0..<count { sum += Double(values[a + c]) * Double(values[b + c]) }
        return sum
    }
}
