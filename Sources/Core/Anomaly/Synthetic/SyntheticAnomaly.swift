/// A normal picture with an anomaly drawn into it.
package struct SyntheticAnomaly: Sendable, Equatable {
    package let image: Image
    /// `[height, width]` of the picture, 0 (as it was) ... 1 (anomalous).
    package let mask: Matrix

    package init(image: Image, mask: Matrix) {
        precondition(
            mask.rows == image.height && mask.columns == image.width,
            "synthetic anomaly: mask [\(mask.rows), \(mask.columns)] for [\(image.height), \(image.width)]")
        self.image = image
        self.mask = mask
    }

    /// How anomalous each patch is: the mean of the mask over what it covers of the picture. A backbone's grid covers the whole
    /// picture, whatever its proportions.
    ///
    /// - Returns: one number a patch, row-major, 0...1.
    /// - Precondition: the picture is at least as fine as the grid.
    package func patchLabels(on grid: PatchGrid) -> [Float] {
        precondition(mask.rows >= grid.rows && mask.columns >= grid.columns, "patch labels: \(grid)")
        return (0..<grid.count).map { patch in
            let (row, column) = (patch / grid.columns, patch % grid.columns)
            let rows = row * mask.rows / grid.rows..<(row + 1) * mask.rows / grid.rows
            let columns = column * mask.columns / grid.columns..<(column + 1) * mask.columns / grid.columns
            var sum: Float = 0
            for y in rows { sum += mask.row(y)[(y * mask.columns + columns.lowerBound)...].prefix(columns.count).sum }
            return sum / Float(rows.count * columns.count)
        }
    }
}

extension ArraySlice<Float> {
    fileprivate var sum: Float { reduce(0, +) }
}
