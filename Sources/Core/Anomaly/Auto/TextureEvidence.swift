// N patches, D width.

/// Whether the shots show a texture, the same everywhere, or an object.
///
/// In a texture all places of a picture are alike in the mean, and differ between shots as much as among each other. The
/// constants were chosen looking at bottles, cookies, toys and magnetic tiles (docs/accuracy.md).
package struct TextureEvidence: Codable, Sendable, Equatable {
    /// How much of the features' variance lies between large cells of the picture: 0 (texture) ... 1.
    package let betweenCells: Double
    /// How far the same cell of different shots agrees, as a ratio of variances (F statistic): about 1 for a texture; nil with
    /// one shot.
    let agreement: Double?
    /// How far a shot as a whole is from the others, as a share of what quarters of a shot let expect (geometric mean of the
    /// shots): about 1 where every piece of every picture is like any other; nil with one shot, and of an object.
    var wholesDiffer: Double?

    enum CodingKeys: String, CodingKey {
        case agreement
        case betweenCells = "between_cells"
        case wholesDiffer = "wholes_differ"
    }

    /// 0 (an object) ... 1 (a texture).
    package var weight: Double {
        clamped((0.32 - betweenCells) / 0.04) * clamped(3 - (agreement ?? 1))
    }

    /// How much the picture as a whole counts: 0 ... 1. Where good pictures differ as wholes by more than their pieces do, one that
    /// differs is no defect. Chosen looking at simulated textiles (0.89) and surfaces of commutators (1.07 and 1.33).
    package var wholeWeight: Double { weight * clamped((1.05 - (wholesDiffer ?? 0)) / 0.1) }

    private func clamped(_ value: Double) -> Double { min(max(value, 0), 1) }

    /// - Parameters:
    ///   - shots: as they are, with all patches.
    ///   - columns: the layer to look at.
    package init(shots: [PatchFeatures], columns: Range<Int>) {
        self.init(shots.map { CellMeans($0, columns: columns) })
    }

    /// - Parameter cells: of each shot.
    init(_ cells: [CellMeans]) {
        betweenCells = cells.map(\.shareBetween).reduce(0, +) / Double(cells.count)
        agreement = cells.count > 1 ? Self.agreement(cells.map(\.relative)) : nil
    }

    /// - Parameter shots: `[k][cells][D]`, each cell's mean less the picture's.
    private static func agreement(_ shots: [[[Double]]]) -> Double {
        let count = Double(shots.count)
        let (cells, width) = (shots[0].count, shots[0][0].count)
        var between = 0.0
        var within = 0.0
        for column in 0..<width {
            var means: [Double] = []
            for cell in 0..<cells {
                let values = shots.map { $0[cell][column] }
                let mean = values.reduce(0, +) / count
                means.append(mean)
                within += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / Double(cells)
            }
            let centre = means.reduce(0, +) / Double(cells)
            between += means.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(cells)
        }
        return between / max(within / count, 1e-12)
    }
}

/// The mean features of a 4 x 4 grid of cells. Two patches at the border are left out: a network sees the padding there.
struct CellMeans {
    /// `[16][D]`: each cell's mean less the mean of all.
    fileprivate let relative: [[Double]]
    fileprivate let shareBetween: Double

    /// - Parameter columns: the layer to look at.
    init(_ features: PatchFeatures, columns: Range<Int>) {
        let (grid, rows) = (features.grid, features.columns(columns, localAveraging: false).rows)
        let border = min(grid.rows, grid.columns) >= 12 ? 2 : 0
        let (height, width) = (max((grid.rows - 2 * border) / 4, 1), max((grid.columns - 2 * border) / 4, 1))
        var cells: [[Double]] = []
        var squares = 0.0
        for cell in 0..<16 {
            let (top, left) = (border + cell / 4 * height, border + cell % 4 * width)
            var sum = [Double](repeating: 0, count: rows.columns)
            // A grid of less than four rows leaves some cells without a patch.
            for row in top..<max(min(top + height, grid.rows), top) {
                for column in left..<max(min(left + width, grid.columns), left) {
                    for (index, value) in rows.row(row * grid.columns + column).enumerated() {
                        sum[index] += Double(value)
                        squares += Double(value) * Double(value)
                    }
                }
            }
            cells.append(sum.map { $0 / Double(height * width) })
        }
        let mean = (0..<rows.columns).map { column in cells.reduce(0) { $0 + $1[column] } / 16 }
        relative = cells.map { cell in zip(cell, mean).map { $0 - $1 } }
        let total = squares / Double(16 * height * width) - mean.reduce(0) { $0 + $1 * $1 }
        let between = relative.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } } / 16
        shareBetween = between / max(total, 1e-12)
    }
}
