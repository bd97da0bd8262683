internal import Glibc

// C width of the embedding.

/// What a normal and what an abnormal part look like in words: the means of the prompts' embeddings (CLIP-FSAC++, eq. 3).
package struct TextAnchors: Sendable, Equatable {
    /// `T+`, `[C]`, of Euclidean norm 1.
    package let normal: [Float]
    /// `T-`, `[C]`, of Euclidean norm 1.
    package let abnormal: [Float]

    package init(normal: [Float], abnormal: [Float]) {
        precondition(normal.count == abnormal.count, "anchors: \(normal.count) and \(abnormal.count) numbers")
        self.normal = normal
        self.abnormal = abnormal
    }

    /// The embeddings are normalised before their mean is taken, so that every sentence has the same say, and the mean again.
    ///
    /// - Parameter embed: from N texts to their embeddings, `[N, C]`.
    package init(
        _ wording: Wording, embed: ([String]) throws(WeightsError) -> Matrix
    ) throws(WeightsError) {
        let sentences = wording.sentences
        func anchor(_ texts: [String]) throws(WeightsError) -> [Float] {
            var embeddings = try embed(texts)
            embeddings.normalizeRows()
            var mean = Matrix(rows: 1, columns: embeddings.columns)
            for row in 0..<embeddings.rows {
                for column in 0..<embeddings.columns { mean[0, column] += embeddings[row, column] }
            }
            mean.normalizeRows()
            return mean.values
        }
        self.init(normal: try anchor(sentences.normal), abnormal: try anchor(sentences.abnormal))
    }

    /// `[2, C]`: normal, abnormal.
    var matrix: Matrix { Matrix(rows: 2, columns: normal.count, values: normal + abnormal) }

    /// How much more alike each row is to what is abnormal than to what is normal: `exp((s(row, T-) - s(row, T+)) / tau)`, the
    /// odds of the softmax over both. They order pictures as the probability does, and have no ceiling below which a limit would
    /// have to be found.
    ///
    /// - Parameters:
    ///   - rows: `[N, C]`, of any length.
    ///   - temperature: tau.
    func odds(of rows: Matrix, temperature: Float) -> [Float] {
        var rows = rows
        rows.normalizeRows()
        let similarities = rows.multiplied(byTransposed: matrix)
        return (0..<rows.rows).map { exp((similarities[$0, 1] - similarities[$0, 0]) / temperature) }
    }
}

extension TextAnchors {
    private static let tensorName = "anchors"

    /// As they are kept beside a scorer.
    var tensors: [String: Tensor] { [Self.tensorName: Tensor(matrix)] }

    init(_ tensors: [String: Tensor]) throws(DamagedSection) {
        let matrix = try tensors.matrix(Self.tensorName, rows: 2)
        self.init(normal: Array(matrix.row(0)), abnormal: Array(matrix.row(1)))
    }
}
