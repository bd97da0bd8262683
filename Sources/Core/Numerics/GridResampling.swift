/// A resampling of a grid, one axis after the other.
package struct GridResampling: Sendable, Equatable {
    package let rows: ResampleAxis
    package let columns: ResampleAxis

    package init(rows: ResampleAxis, columns: ResampleAxis) {
        self.rows = rows
        self.columns = columns
    }

    package init(from grid: PatchGrid, to other: PatchGrid, _ interpolation: Interpolation) {
        self.init(
            rows: ResampleAxis(from: grid.rows, to: other.rows, interpolation),
            columns: ResampleAxis(from: grid.columns, to: other.columns, interpolation))
    }

    /// From derivatives by the resampled grid to derivatives by the grid.
    package var adjoint: GridResampling { GridResampling(rows: rows.transposed, columns: columns.transposed) }

    /// `[rows.inputs, columns.inputs, width] -> [rows.outputs, columns.outputs, width]`.
    package func applied(to values: [Float], width: Int = 1) -> [Float] {
        // That first which leaves less to the other.
        if rows.outputs * columns.inputs < rows.inputs * columns.outputs {
            let lines = rows.applied(to: values, outer: 1, inner: columns.inputs * width)
            return columns.applied(to: lines, outer: rows.outputs, inner: width)
        }
        let lines = columns.applied(to: values, outer: rows.inputs, inner: width)
        return rows.applied(to: lines, outer: 1, inner: columns.outputs * width)
    }
}

extension FeatureMap {
    /// The map on another grid.
    package func resampled(to grid: PatchGrid, _ interpolation: Interpolation) -> FeatureMap {
        guard grid != self.grid else { return self }
        let values = GridResampling(from: self.grid, to: grid, interpolation)
            .applied(to: tokens.values, width: tokens.columns)
        return FeatureMap(grid: grid, tokens: Matrix(rows: grid.count, columns: tokens.columns, values: values))
    }
}

extension Matrix {
    /// The matrix as a grid of another size.
    func resampled(rows newRows: Int, columns newColumns: Int, _ interpolation: Interpolation) -> Matrix {
        guard newRows != rows || newColumns != columns else { return self }
        let resampling = GridResampling(
            rows: ResampleAxis(from: rows, to: newRows, interpolation),
            columns: ResampleAxis(from: columns, to: newColumns, interpolation))
        return Matrix(rows: newRows, columns: newColumns, values: resampling.applied(to: values))
    }
}
