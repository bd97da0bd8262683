// P prompts, C width of the text's space.

/// The direction that a set of prompts stands for: the mean of their unit vectors, itself divided by its norm.
package struct PromptAnchor: Sendable {
    /// `[P, C]`, as the text tower gives them.
    private let embeddings: Matrix
    /// `[C]`, of Euclidean norm 1.
    package let direction: [Float]
    /// Of the mean.
    private let norm: Float

    /// - Parameter embeddings: at least one, none of them 0.
    package init(_ embeddings: Matrix) {
        precondition(embeddings.rows > 0, "prompt anchor: no prompts")
        self.embeddings = embeddings
        var units = embeddings
        units.normalizeRows()
        var mean = [Float](repeating: 0, count: units.columns)
        for row in 0..<units.rows {
            for (column, value) in units.row(row).enumerated() { mean[column] += value / Float(units.rows) }
        }
        norm = max(mean.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
        direction = mean.map { [norm] in $0 / norm }
    }

    /// From the gradient by the direction, `[C]`, to that by the embeddings, `[P, C]`.
    package func backward(_ gradient: [Float]) -> Matrix {
        let along = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
        let share = zip(gradient, direction).map { ($0 - along * $1) / (norm * Float(embeddings.rows)) }
        return embeddings.normalizedBackward(
            Matrix(
                rows: embeddings.rows, columns: share.count,
                values: (0..<embeddings.rows).flatMap { _ in share }))
    }
}
