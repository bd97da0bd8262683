// N points of the grid, S side of the picture.

/// Bilinear upsampling of a grid to a square picture with the corners of both on one another (PyTorch's `align_corners=True`),
/// and its adjoint.
package struct AlignedUpsampling: Sendable {
    /// Where a pixel lies between two points of an axis.
    private struct Place: Sendable {
        let first: Int
        let second: Int
        /// Weight of `second`.
        let fraction: Float
    }

    let grid: PatchGrid
    let side: Int
    private let rows: [Place]
    private let columns: [Place]

    package init(grid: PatchGrid, side: Int) {
        self.grid = grid
        self.side = side
        rows = Self.places(grid.rows, side)
        columns = Self.places(grid.columns, side)
    }

    private static func places(_ points: Int, _ pixels: Int) -> [Place] {
        (0..<pixels).map { pixel in
            let source = pixels > 1 ? Double(pixel) * Double(points - 1) / Double(pixels - 1) : 0
            let first = min(Int(source), points - 1)
            return Place(first: first, second: min(first + 1, points - 1), fraction: Float(source - Double(first)))
        }
    }

    /// `[N] -> [S * S]`.
    package func upsampled(_ values: [Float]) -> [Float] {
        precondition(values.count == grid.count, "upsampling: \(values.count) values for \(grid)")
        var result: [Float] = []
        result.reserveCapacity(side * side)
        for row in rows {
            let (upper, lower) = (row.first * grid.columns, row.second * grid.columns)
            for column in columns {
                let top = values[upper + column.first]
                let bottom = values[lower + column.first]
                let left = top + row.fraction * (bottom - top)
                let otherTop = values[upper + column.second]
                let right = otherTop + row.fraction * (values[lower + column.second] - otherTop)
                result.append(left + column.fraction * (right - left))
            }
        }
        return result
    }

    /// From a gradient by the pixels to the gradient by the grid: `[S * S] -> [N]`.
    package func adjoint(_ gradient: [Float]) -> [Float] {
        precondition(gradient.count == side * side, "upsampling: \(gradient.count) values for \(side) x \(side)")
        var result = [Float](repeating: 0, count: grid.count)
        for (index, row) in rows.enumerated() {
            var line = [Float](repeating: 0, count: grid.columns)
            for (pixel, column) in columns.enumerated() {
                let value = gradient[index * side + pixel]
                line[column.first] += (1 - column.fraction) * value
                line[column.second] += column.fraction * value
            }
            for (column, value) in line.enumerated() {
                result[row.first * grid.columns + column] += (1 - row.fraction) * value
                result[row.second * grid.columns + column] += row.fraction * value
            }
        }
        return result
    }
}
