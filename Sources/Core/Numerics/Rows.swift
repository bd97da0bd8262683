internal import CKernels

// R rows, C columns. The kernels themselves are in Sources/CKernels.
extension Matrix {
    /// Every row divided by its Euclidean norm; a zero row stays zero.
    public mutating func normalizeRows() {
        values.withUnsafeMutableBufferPointer { fsac_l2_normalize($0.baseAddress, rows, columns) }
    }

    /// Every row with the same row added to it.
    public func adding(row bias: [Float]) -> Matrix {
        precondition(bias.count == columns, "bias: \(bias.count) for [\(rows), \(columns)]")
        var result = self
        result.values.withUnsafeMutableBufferPointer {
            fsac_bias_add($0.baseAddress, bias, $0.baseAddress, rows, columns, columns)
        }
        return result
    }

    /// `exp(x - max) / sum` over each row.
    public func softmax() -> Matrix {
        var result = self
        result.values.withUnsafeMutableBufferPointer { fsac_softmax($0.baseAddress, rows, columns, columns) }
        return result
    }

    /// Layer normalisation over each row (Ba et al. 2016), biased variance.
    public func layerNorm(gamma: [Float], beta: [Float], epsilon: Float) -> Matrix {
        precondition(
            gamma.count == columns && beta.count == columns, "layer norm: \(gamma.count), \(beta.count) for \(columns)")
        var result = self
        result.values.withUnsafeMutableBufferPointer {
            fsac_layer_norm($0.baseAddress, gamma, beta, epsilon, $0.baseAddress, rows, columns)
        }
        return result
    }

    /// Exact GELU of every value (Hendrycks and Gimpel 2016): `x * Phi(x)`, not the tanh approximation.
    public func gelu() -> Matrix {
        var result = self
        let bias = [Float](repeating: 0, count: columns)
        result.values.withUnsafeMutableBufferPointer { fsac_bias_gelu($0.baseAddress, bias, rows, columns, columns) }
        return result
    }

    /// `min(max(x, 0), 6)` of every value.
    public func relu6() -> Matrix {
        var result = self
        let bias = [Float](repeating: 0, count: columns)
        result.values.withUnsafeMutableBufferPointer { fsac_bias_relu6($0.baseAddress, bias, rows, columns) }
        return result
    }
}
