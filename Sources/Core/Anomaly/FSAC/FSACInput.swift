/// What is done to embeddings before an FSAC network sees them. Those of most backbones have so much in common that their
/// differences are small beside it; CLIP's do not, and go in as they are.
struct FSACInput: Sendable {
    /// `[C]`.
    let centre: [Float]
    let scale: Float

    init(centre: [Float], scale: Float) {
        self.centre = centre
        self.scale = scale
    }

    /// - Parameter norm: the root mean square norm that `tokens` get.
    init(centre: [Float], tokens: [Matrix], norm: Float) {
        let centred = FSACInput(centre: centre, scale: 1)
        let rms = tokens.map(centred.prepared).rootMeanSquareNorm
        self.init(centre: centre, scale: rms > 0 ? norm / rms : 1)
    }

    /// Changes nothing.
    static func identity(width: Int) -> FSACInput {
        FSACInput(centre: [Float](repeating: 0, count: width), scale: 1)
    }

    func prepared(_ tokens: Matrix) -> Matrix {
        var result = tokens
        result.values.withUnsafeMutableBufferPointer { values in
            centre.withUnsafeBufferPointer { centre in
                for row in 0..<tokens.rows {
                    let start = row * centre.count
                    for column in 0..<centre.count {
                        values[start + column] = (values[start + column] - centre[column]) * scale
                    }
                }
            }
        }
        return result
    }
}

extension [Matrix] {
    /// Of all rows together; 0 without any.
    var rootMeanSquareNorm: Float {
        var (squares, count) = (Float(0), 0)
        for matrix in self {
            squares += matrix.rowProducts(matrix).reduce(0, +)
            count += matrix.rows
        }
        return (squares / Float(Swift.max(count, 1))).squareRoot()
    }
}
