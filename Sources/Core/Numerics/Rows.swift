internal import CKernels

// R rows, C columns. The kernels themselves are in Sources/CKernels.
extension Matrix {
    /// Every row divided by its Euclidean norm; a zero row stays zero.
    package mutating func normalizeRows() {
        values.withUnsafeMutableBufferPointer { fsac_l2_normalize($0.baseAddress, rows, columns) }
    }

    /// `exp(x - max) / sum` over each row.
    package func softmax() -> Matrix {
        var result = self
        result.values.withUnsafeMutableBufferPointer { fsac_softmax($0.baseAddress, rows, columns, columns) }
        return result
    }

    /// Layer normalisation over each row (Ba et al. 2016), biased variance.
    package func layerNorm(gamma: [Float], beta: [Float], epsilon: Float) -> Matrix {
        precondition(
            gamma.count == columns && beta.count == columns, "layer norm: \(gamma.count), \(beta.count) for \(columns)")
        var result = self
        result.values.withUnsafeMutableBufferPointer {
            fsac_layer_norm($0.baseAddress, gamma, beta, epsilon, $0.baseAddress, rows, columns)
        }
        return result
    }
}
