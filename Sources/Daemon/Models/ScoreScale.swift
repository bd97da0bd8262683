import Core

/// How far a score lies from what the shots made typical to what the limit is for them.
package struct ScoreScale: Sendable, Equatable {
    /// Of a good part, when the model was fitted.
    private let typical: Float
    private let span: Float

    /// Nil when there is nothing between the two.
    ///
    /// - Parameter limit: the shots' own, also where an operator set another: drift is told from when the model was
    ///   fitted.
    package init?(typical: Float, limit: Float) {
        guard typical.isFinite, limit.isFinite, limit > typical else { return nil }
        self.typical = typical
        span = limit - typical
    }

    /// 0 is typical, 1 at the limit.
    package func position(of score: Float) -> Double { Double((score - typical) / span) }
}

extension ScoreScale {
    /// What is typical: the median of the shots' held-out scores.
    init?(_ calibration: Calibration) {
        let scores = calibration.evidence.scores.sorted()
        guard !scores.isEmpty else { return nil }
        self.init(typical: scores[scores.count / 2], limit: calibration.evidence.limit)
    }
}
