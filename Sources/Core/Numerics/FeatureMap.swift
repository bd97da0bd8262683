/// The grid of patches that a backbone lays over its input.
package struct PatchGrid: Sendable, Equatable, Codable {
    package let rows: Int
    package let columns: Int
    package var count: Int { rows * columns }

    package init(rows: Int, columns: Int) {
        precondition(rows > 0 && columns > 0, "patch grid: [\(rows), \(columns)]")
        self.rows = rows
        self.columns = columns
    }
}

/// Patch features of one layer: one row of `tokens` a patch, patches in row-major order of the grid.
package struct FeatureMap: Sendable, Equatable {
    package let grid: PatchGrid
    /// `[grid.count, D]`, as the layer gives them (not normalised).
    package var tokens: Matrix

    package init(grid: PatchGrid, tokens: Matrix) {
        precondition(tokens.rows == grid.count, "feature map: \(tokens.rows) tokens for \(grid)")
        self.grid = grid
        self.tokens = tokens
    }
}
