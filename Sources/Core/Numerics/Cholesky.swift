internal import Glibc

/// The triangular factor of a symmetric positive definite matrix `A = UᵀU`, packed: row `i` of `U` from its diagonal on.
///
/// Rows are worked on whole, so that the innermost loops run over neighbouring numbers.
package struct Cholesky {
    /// How many numbers the factor of a `[d, d]` matrix has.
    package static func count(_ d: Int) -> Int { d * (d + 1) / 2 }

    /// Factors the upper triangle in place.
    ///
    /// - Parameter a: `count(d)` numbers: row `i` of `A` from its diagonal on.
    /// - Returns: whether the matrix is positive definite in single precision; if not, `a` is of no use.
    package static func factor(_ a: UnsafeMutablePointer<Float>, _ d: Int) -> Bool {
        var row = a
        for i in 0..<d {
            let pivot = row[0]
            guard pivot > 0, pivot.isFinite else { return false }
            let scale = 1 / pivot.squareRoot()
            for j in 0..<d - i { row[j] *= scale }
            var below = row + (d - i)
            for k in 1..<max(d - i, 1) {
                let share = row[k]
                for j in 0..<d - i - k { below[j] -= share * row[k + j] }
                below += d - i - k
            }
            row += d - i
        }
        return true
    }

    /// `xᵀ A⁻¹ x`: the squared length of `y` with `Uᵀ y = x`.
    ///
    /// - Parameters:
    ///   - u: what ``factor(_:_:)`` left.
    ///   - x: `[d]`; overwritten.
    package static func squaredLength(
        _ u: UnsafePointer<Float>, _ x: UnsafeMutablePointer<Float>, _ d: Int
    ) -> Float {
        var row = u
        var sum: Float = 0
        for i in 0..<d {
            let y = x[i] / row[0]
            sum += y * y
            for j in 1..<max(d - i, 1) { x[i + j] -= y * row[j] }
            row += d - i
        }
        return sum
    }
}
