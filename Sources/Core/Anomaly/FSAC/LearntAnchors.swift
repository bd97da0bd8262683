// N normal and M anomalous rows, C width.

/// Where anchors start that no text gives: on the mean embeddings of both kinds, seen from the middle between them, from which they
/// lie opposite of each other.
struct LearntAnchors {
    let input: FSACInput
    /// `[2, C]`, normal first, each of the norm that was asked for.
    let anchors: Matrix

    /// - Parameters:
    ///   - normal: `[N, C]`.
    ///   - anomalous: `[M, C]`.
    ///   - weights: `[M]`, of the anomalous ones in their mean.
    ///   - norm: the root mean square norm that embeddings get.
    init(normal: Matrix, anomalous: Matrix, weights: [Float], norm: Float) {
        let normalMean = normal.mean(weights: [Float](repeating: 1, count: normal.rows))
        let anomalousMean = anomalous.mean(weights: weights)
        let centre = zip(normalMean, anomalousMean).map { ($0 + $1) / 2 }
        var directions = Matrix(
            rows: 2, columns: normal.columns,
            values: zip(normalMean + anomalousMean, centre + centre).map { $0 - $1 })
        directions.normalizeRows()
        anchors = directions.scaled(by: norm)
        input = FSACInput(centre: centre, tokens: [normal, anomalous], norm: norm)
    }
}

extension Matrix {
    /// The weighted mean of the rows.
    fileprivate func mean(weights: [Float]) -> [Float] {
        let total = weights.reduce(0, +)
        return Matrix(rows: rows, columns: 1, values: weights.map { $0 / total }).transposedProduct(self).values
    }
}
