/// How unusual each patch of a picture is, and the picture as a whole.
package struct ScoreMap: Sendable, Equatable {
    package let grid: PatchGrid
    /// One distance a patch, in row-major order of the grid; 0 where a patch does not count.
    package let values: [Float]
    /// The picture's score, in the unit of `values`; higher is more anomalous.
    package let imageScore: Float

    package init(grid: PatchGrid, values: [Float], aggregation: Aggregation) {
        self.init(grid: grid, values: values, imageScore: aggregation.score(of: values))
    }

    package init(grid: PatchGrid, values: [Float], imageScore: Float) {
        precondition(values.count == grid.count, "score map: \(values.count) values for \(grid)")
        self.grid = grid
        self.values = values
        self.imageScore = imageScore
    }

    /// For methods that judge the picture as a whole: the map says where, the image score says how much. The values are scaled
    /// so that the largest of them is the image score; then the map shows a place at the limit or above just when the picture is.
    ///
    /// - Parameter pattern: one value a patch, at least 0.
    init(grid: PatchGrid, pattern: [Float], imageScore: Float) {
        let largest = pattern.max() ?? 0
        let scale = largest > 0 ? imageScore / largest : 0
        self.init(grid: grid, values: pattern.map { $0 * scale }, imageScore: imageScore)
    }

    /// The same scores in another unit.
    func divided(by unit: Float) -> ScoreMap {
        ScoreMap(grid: grid, values: values.map { $0 / unit }, imageScore: imageScore / unit)
    }
}
