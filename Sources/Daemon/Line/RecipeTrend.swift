package import ControlProtocol

/// How the parts of a recipe change over time: slowly, by their OK scores, or at once, by the picture as a whole.
/// Without locks and clocks; tells what is worth saying and leaves saying it to others.
package struct RecipeTrend: Sendable {
    /// What is worth a line in the log.
    package enum Event: Sendable, Equatable {
        /// The picture as a whole is not as the shots; in words.
        case sceneShifted(String)
        /// OK scores are not what they were when the model was fitted: where they are.
        case drifted(position: Double, parts: Int)
        case driftEnded(position: Double)
    }

    /// Weight of the newest part, once there are as many: about the last 50 count.
    private static let weight = 0.02
    /// Fewer parts say nothing.
    private static let fewestParts = 30
    /// Halfway to the limit above; twice as far below what is typical as the limit is above it.
    private static let band = -2.0...0.5
    /// Drift ends well inside.
    private static let innerBand = -1.6...0.4
    private static let quietAfterWarning = Duration.seconds(60)

    private var generation: Int?
    /// Exponentially weighted mean of the OK scores' positions.
    private var mean = 0.0
    private var parts = 0
    private var isDrifting = false
    private var shifts: UInt64 = 0
    /// Of the newest part.
    private var shift: String?
    private var warnedAt: ContinuousClock.Instant?

    package init() {}

    /// - Parameters:
    ///   - generation: that judged.
    ///   - position: of an OK score; nil for other verdicts.
    ///   - shift: of the picture as a whole, in words; nil when there is none, or nobody looked.
    package mutating func note(
        generation: Int?, position: Double?, shift: String?, at now: ContinuousClock.Instant
    ) -> [Event] {
        noteDrift(generation, position) + noteShift(shift, at: now)
    }

    private mutating func noteDrift(_ generation: Int?, _ position: Double?) -> [Event] {
        guard let generation, let position, position.isFinite else { return [] }
        // Another model has another idea of what is typical.
        if generation != self.generation { (self.generation, mean, parts, isDrifting) = (generation, 0, 0, false) }
        parts += 1
        // The plain mean of the first ones, so that the very first does not weigh for a hundred.
        mean += (position - mean) * max(Self.weight, 1 / Double(parts))
        guard parts >= Self.fewestParts else { return [] }
        if !isDrifting, !Self.band.contains(mean) {
            isDrifting = true
            return [.drifted(position: mean, parts: parts)]
        }
        if isDrifting, Self.innerBand.contains(mean) {
            isDrifting = false
            return [.driftEnded(position: mean)]
        }
        return []
    }

    private mutating func noteShift(_ shift: String?, at now: ContinuousClock.Instant) -> [Event] {
        self.shift = shift
        guard let shift else { return [] }
        shifts += 1
        // At the edge of a shift parts alternate: all are counted, and a minute's first is told.
        if let warnedAt, now - warnedAt < Self.quietAfterWarning { return [] }
        warnedAt = now
        return [.sceneShifted(shift)]
    }

    package var reply: TrendReply {
        TrendReply(
            drift: parts >= Self.fewestParts ? mean : nil, parts: parts, isDrifting: isDrifting, sceneShift: shift,
            sceneShifts: shifts)
    }
}
