internal import Glibc

// M rows, N columns of unknowns, a border of known values around them.

/// Solves Poisson's equation on a rectangle of pixels whose border is known (Dirichlet), for the five-point Laplacian.
///
/// The discrete sine transform (DST-I) of both axes makes the Laplacian diagonal; being its own inverse, it is a product
/// with one symmetric matrix an axis. A patch is small: as products of matrices that takes less time than a fast transform.
///
/// - SeeAlso: Buzbee, Golub and Nielson, "On direct methods for solving Poisson's equations", 1970.
package struct PoissonSolver: Sendable {
    package let rows: Int
    package let columns: Int
    /// `[M, M]` and `[N, N]`.
    private let vertical: Matrix
    private let horizontal: Matrix

    package init(rows: Int, columns: Int) {
        precondition(rows > 0 && columns > 0, "poisson: [\(rows), \(columns)]")
        self.rows = rows
        self.columns = columns
        vertical = Self.sineTransform(rows)
        horizontal = rows == columns ? vertical : Self.sineTransform(columns)
    }

    /// The values `x` whose Laplacian, `x` above + below + left + right - 4 `x`, is the given one.
    ///
    /// - Parameters:
    ///   - laplacian: `[M, N]`; nil is zero everywhere, which makes the result a membrane stretched over the border.
    ///   - border: `[M + 2, N + 2]`; only the outermost rows and columns are read, without their corners.
    /// - Returns: `[M, N]`.
    /// - Complexity: four products, O(M N (M + N)).
    package func solution(laplacian: Matrix? = nil, border: Matrix) -> Matrix {
        precondition(border.rows == rows + 2 && border.columns == columns + 2, "poisson: border \(border.rows)")
        var right = laplacian ?? Matrix(rows: rows, columns: columns)
        precondition(right.rows == rows && right.columns == columns, "poisson: laplacian of \(right.rows) rows")
        for column in 0..<columns {
            right[0, column] -= border[0, column + 1]
            right[rows - 1, column] -= border[rows + 1, column + 1]
        }
        for row in 0..<rows {
            right[row, 0] -= border[row + 1, 0]
            right[row, columns - 1] -= border[row + 1, columns + 1]
        }
        var spectrum = transformed(right)
        let across = Self.eigenvalues(columns)
        for (row, down) in Self.eigenvalues(rows).enumerated() {
            for column in 0..<columns { spectrum.values[row * columns + column] /= down + across[column] }
        }
        return transformed(spectrum)
    }

    private func transformed(_ matrix: Matrix) -> Matrix {
        vertical.multiplied(by: matrix).multiplied(by: horizontal)
    }

    /// `sqrt(2 / (n + 1)) sin(pi (i + 1) (j + 1) / (n + 1))`: symmetric, and its own inverse.
    private static func sineTransform(_ count: Int) -> Matrix {
        let period = 2 * (count + 1)
        let scale = (2 / Double(count + 1)).squareRoot()
        let sines = (0..<period).map { Float(scale * sin(2 * .pi * Double($0) / Double(period))) }
        var result = Matrix(rows: count, columns: count)
        for row in 0..<count {
            for column in 0..<count { result.values[row * count + column] = sines[(row + 1) * (column + 1) % period] }
        }
        return result
    }

    /// Of the second difference along one axis: `2 cos(pi k / (n + 1)) - 2`, as a square, which keeps its digits.
    private static func eigenvalues(_ count: Int) -> [Float] {
        (1...count).map { k in
            let root = 2 * sin(.pi * Double(k) / Double(2 * (count + 1)))
            return Float(-root * root)
        }
    }
}
