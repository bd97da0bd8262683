// N rows (tokens, patches or prompts), D width of a tower, C width of the embedding.

extension AdapterLayer {
    /// Of PyTorch's `LeakyReLU`.
    static let negativeSlope: Float = 0.01

    /// `[N, inputs] -> [N, outputs]`.
    func apply(_ x: Matrix, _ parameters: Storage, _ parallelism: Parallelism) -> Matrix {
        var result = linear.apply(x, parameters, parallelism)
        result.values.withUnsafeMutableBufferPointer { activate($0) }
        return result
    }

    /// The same of `rows` rows, on the calling thread.
    func apply(
        _ x: UnsafePointer<Float>, rows: Int, _ parameters: Storage, into y: UnsafeMutablePointer<Float>
    ) {
        linear.apply(x, rows: 0..<rows, columns: 0..<outputs, parameters, into: y)
        activate(UnsafeMutableBufferPointer(start: y, count: rows * outputs))
    }

    private func activate(_ y: UnsafeMutableBufferPointer<Float>) {
        guard isActivated else { return }
        for index in y.indices where y[index] < 0 { y[index] *= Self.negativeSlope }
    }
}

extension AAClipAdapters {
    /// Changes tokens of the residual stream behind a block: `0.1 A(x) |x| / |A(x)| + 0.9 x`, row by row, on the calling thread.
    ///
    /// - Parameters:
    ///   - stream: `[N, D]`.
    ///   - adapter: of the layout's image or text adapters.
    package func adapt(_ stream: UnsafeMutablePointer<Float>, rows: Int, by adapter: AdapterLayer) {
        let width = adapter.inputs
        let own = [Float](unsafeUninitializedCapacity: rows * width) { own, count in
            count = rows * width
            guard let own = own.baseAddress else { return }
            adapter.apply(stream, rows: rows, parameters, into: own)
        }
        for row in 0..<rows {
            let range = row * width..<(row + 1) * width
            let ownNorm = range.reduce(0) { $0 + own[$1] * own[$1] }.squareRoot()
            let norm = range.reduce(0) { $0 + stream[$1] * stream[$1] }.squareRoot()
            let factor = ownNorm > 0 ? Self.weight * norm / ownNorm : 0
            for index in range { stream[index] = factor * own[index] + (1 - Self.weight) * stream[index] }
        }
    }

    /// Patches of a level in the text's space, rows of Euclidean norm 1: `[N, D] -> [N, C]`.
    ///
    /// - Parameter tokens: of the level's block after the tower's final layer norm.
    package func level(_ index: Int, _ tokens: Matrix, _ parallelism: Parallelism) -> Matrix {
        var result = layout.levelProjections[index].apply(tokens, parameters, parallelism)
        result.normalizeRows()
        return result
    }

    /// The picture as a whole, the mean of unit vectors: `[N, D] -> [C]`. The class token is left out.
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
