/// Cosine similarities of a batch's rows with the two anchors, and their derivatives.
struct FSACCosines {
    /// `[B, 2]`.
    let values: Matrix
    private let rows: Matrix
    private let anchors: Matrix
    private let rowNorms: [Float]
    private let anchorNorms: [Float]

    /// A shorter vector counts as this long: a cosine of nothing is 0.
    private static let tiny: Float = 1e-8

    /// - Parameters:
    ///   - rows: `[B, C]`.
    ///   - anchors: `[2, C]`.
    init(_ rows: Matrix, _ anchors: Matrix, _ parallelism: Parallelism) {
        self.rows = rows
        self.anchors = anchors
        rowNorms = Self.norms(rows)
        anchorNorms = Self.norms(anchors)
        var values = rows.multiplied(byTransposed: anchors, parallelism: parallelism)
        for row in 0..<rows.rows {
            for side in 0..<2 { values[row, side] /= rowNorms[row] * anchorNorms[side] }
        }
        self.values = values
    }

    static func norms(_ matrix: Matrix) -> [Float] {
        matrix.rowProducts(matrix).map { max($0.squareRoot(), tiny) }
    }

    /// The derivatives by rows and anchors from those by the cosines, `[B, 2]`.
    ///
    /// With `c = a . b / (|a| |b|)`: `dc/da = b / (|a| |b|) - c a / |a|^2`.
    func backward(_ gradient: Matrix, _ parallelism: Parallelism) -> (rows: Matrix, anchors: Matrix) {
        var across = gradient
        var rowOwn = [Float](repeating: 0, count: rows.rows)
        var anchorOwn: [Float] = [0, 0]
        for row in 0..<rows.rows {
            for side in 0..<2 {
                let pull = gradient[row, side] * values[row, side]
                across[row, side] = gradient[row, side] / (rowNorms[row] * anchorNorms[side])
                rowOwn[row] -= pull / (rowNorms[row] * rowNorms[row])
                anchorOwn[side] -= pull / (anchorNorms[side] * anchorNorms[side])
            }
        }
        var byRows = across.multiplied(by: anchors, parallelism: parallelism)
        byRows.add(rows, rowFactors: rowOwn)
        var byAnchors = across.transposedProduct(rows)
        byAnchors.add(anchors, rowFactors: anchorOwn)
        return (byRows, byAnchors)
    }
}
