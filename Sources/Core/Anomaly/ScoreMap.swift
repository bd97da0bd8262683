/// How unusual each patch of a picture is, and the picture as a whole.
package struct ScoreMap: Sendable, Equatable {
    package let grid: PatchGrid
    /// One distance a patch, in row-major order of the grid; 0 where a patch does not count.
    package let values: [Float]
    /// The picture's score, in the unit of `values`; higher is more anomalous.
    package let imageScore: Float
    /// What a fine view says, where it shows a part of the picture only; nil when `values` are all there is.
    package let inner: PlacedMap?

    package init(grid: PatchGrid, values: [Float], aggregation: Aggregation) {
        self.init(grid: grid, values: values, imageScore: aggregation.score(of: values))
    }

    package init(grid: PatchGrid, values: [Float], imageScore: Float, inner: PlacedMap? = nil) {
        precondition(values.count == grid.count, "score map: \(values.count) values for \(grid)")
        self.grid = grid
        self.values = values
        self.imageScore = imageScore
        self.inner = inner
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
        ScoreMap(
            grid: grid, values: values.map { $0 / unit }, imageScore: imageScore / unit,
            inner: inner.map { PlacedMap(grid: $0.grid, values: $0.values.map { $0 / unit }, placement: $0.placement) })
    }

    /// Of a picture that cannot be judged: farther than any part.
    static func withoutPart(_ grid: PatchGrid) -> ScoreMap {
        ScoreMap(grid: grid, values: [Float](repeating: 1e5, count: grid.count), imageScore: 1e5)
    }

    /// Whether a patch is rejected.
    package func hasReject(at limit: Float) -> Bool {
        values.contains { $0.isReject(at: limit) } || inner?.values.contains { $0.isReject(at: limit) } ?? false
    }
}

/// Scores of the tokens of a fine view, and where it lies in the picture.
package struct PlacedMap: Sendable, Equatable {
    package let grid: PatchGrid
    /// One a token, in the unit of the map that it belongs to.
    package let values: [Float]
    package let placement: ViewPlacement
}
