/// A dense array of single-precision numbers of any rank, row-major: the last axis varies fastest.
package struct Tensor: Sendable, Equatable {
    package let shape: [Int]
    package var values: [Float]

    package init(shape: [Int], values: [Float]) {
        precondition(
            shape.allSatisfy { $0 >= 0 } && values.count == shape.reduce(1, *),
            "tensor: \(values.count) values for \(shape)")
        self.shape = shape
        self.values = values
    }

    /// `[rows, columns]`.
    package init(_ matrix: Matrix) {
        self.init(shape: [matrix.rows, matrix.columns], values: matrix.values)
    }

    /// A tensor of zeros.
    package init(shape: [Int]) {
        self.init(shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
}
