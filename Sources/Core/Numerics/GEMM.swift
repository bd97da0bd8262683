internal import COpenBLAS
internal import Glibc

/// `c = a * b + beta * c` (or with `aᵀ`, `bᵀ`), on the calling thread.
///
/// - Parameters:
///   - a: `[m, k]`, or `[k, m]` when `transposeA`; rows `strideA` apart.
///   - b: `[k, n]`, or `[n, k]` when `transposeB`; rows `strideB` apart.
///   - c: `[m, n]`, rows `strideC` apart.
package func gemm(
    _ m: Int, _ n: Int, _ k: Int,
    _ a: UnsafePointer<Float>, _ strideA: Int, transposeA: Bool = false,
    _ b: UnsafePointer<Float>, _ strideB: Int, transposeB: Bool = false,
    beta: Float = 0,
    into c: UnsafeMutablePointer<Float>, _ strideC: Int
) {
    precondition(OpenBLAS.isSingleThreaded)
    guard m > 0, n > 0 else { return }
    cblas_sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
        blasint(m), blasint(n), blasint(k), 1, a, blasint(strideA), b, blasint(strideB), beta, c, blasint(strideC))
}

extension Matrix {
    /// The product with `other`: `[rows, columns] x [columns, N] -> [rows, N]`.
    package func multiplied(by other: Matrix, parallelism: Parallelism = .serial) -> Matrix {
        precondition(columns == other.rows, "product: [\(rows), \(columns)] x [\(other.rows), \(other.columns)]")
        return product(other, transposed: false, columns: other.columns, parallelism)
    }

    /// The product with the transpose of `other`: `[rows, columns] x [N, columns]ᵀ -> [rows, N]`.
    package func multiplied(byTransposed other: Matrix, parallelism: Parallelism = .serial) -> Matrix {
        precondition(columns == other.columns, "product: [\(rows), \(columns)] x [\(other.rows), \(other.columns)]ᵀ")
        return product(other, transposed: true, columns: other.rows, parallelism)
    }

    private func product(_ other: Matrix, transposed: Bool, columns n: Int, _ parallelism: Parallelism) -> Matrix {
        let result = [Float](unsafeUninitializedCapacity: rows * n) { buffer, initialized in
            initialized = rows * n
            guard rows > 0, n > 0, columns > 0, let c = buffer.baseAddress else {
                return buffer.initialize(repeating: 0)
            }
            values.withUnsafeBufferPointer { left in
                other.values.withUnsafeBufferPointer { right in
                    guard let a = left.baseAddress, let b = right.baseAddress else { return }
                    parallelism.forEachRange(of: rows, grain: 16) { _, range in
                        gemm(
                            range.count, n, columns, a + range.lowerBound * columns, columns,
                            b, other.columns, transposeB: transposed, into: c + range.lowerBound * n, n)
                    }
                }
            }
        }
        return Matrix(rows: rows, columns: n, values: result)
    }
}
