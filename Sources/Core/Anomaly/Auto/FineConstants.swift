/// What was chosen for the fine views of `auto`, and where (docs/accuracy.md has the figures).
enum FineConstants {
    /// About so many pixels of a transformer's input: of the fine view, and of the one that `thorough` adds.
    static let areas = [448 * 448, 644 * 644]
    /// Of the fine view where a frame has to take less time.
    static let smallerAreas = [392 * 392, 336 * 336]
    /// The coarse view's share of the squares. More finds large defects a little better and small ones much worse: 0.4 cost 0.04 on
    /// screws and brought 0.01 on cookies; four shots do not say which product is which (docs/accuracy.md).
    static let coarseWeight: Float = 0.2
    /// Times `coreset_budget`: rows that each memory of a fine view keeps.
    static let budgetFactor = 3
    /// Of how much turned copies bring held-out shots closer, as a logarithm: up to the first they are forgotten, from the second
    /// on nothing is remembered but with them. Between both memories are asked, so that a few shots more or less change a little
    /// and not everything: products that lie in any rotation gain 0.17 and more, others up to 0.09.
    static let turnGains = 0.08...0.18

    /// Of memories with turned copies, against those without.
    static func turnedShare(gain: Double) -> Float {
        Float(min(max((gain - turnGains.lowerBound) / (turnGains.upperBound - turnGains.lowerBound), 0), 1))
    }

    /// Synthetic anomalies of a fit that looks closely.
    static let mostAnomalies = 12
}
