internal import CKernels

// What follows a product, with its way back.
extension Matrix {
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

    /// From the gradient of a softmax over rows to that of what went in.
    func softmaxBackward(_ probabilities: Matrix) -> Matrix {
        let sums = rowProducts(probabilities)
        var result = self
        for row in 0..<rows {
            for column in 0..<columns {
                result[row, column] = probabilities[row, column] * (self[row, column] - sums[row])
            }
        }
        return result
    }

    /// From a gradient by the rows divided by their norms to the gradient by the rows; 0 for a row of zeros.
    func normalizedBackward(_ gradient: Matrix) -> Matrix {
        var result = gradient
        for row in 0..<rows {
            let range = row * columns..<(row + 1) * columns
            let norm = range.reduce(0) { $0 + values[$1] * values[$1] }.squareRoot()
            let along = norm > 0 ? range.reduce(0) { $0 + gradient.values[$1] * values[$1] } / norm : 0
            for index in range {
                result.values[index] = norm > 0 ? (gradient.values[index] - along * values[index] / norm) / norm : 0
            }
        }
        return result
    }
}
