package import ControlProtocol

/// What statistics need of a verdict's line.
package struct VerdictFacts: Sendable, Equatable {
    package var seq: UInt64
    /// Of the line, in microseconds since 1970, UTC: as the clock stood then, right or wrong.
    package var time: Int64
    package var camera: String
    package var recipe: String
    package var generation: Int?
    package var part: String?
    package var lot: String?
    package var verdict: Verdict
    package var cause: String?
    package var isUncertain: Bool
    package var score: Double?
    /// The same camera gave the same part number a verdict before, in a line that the journal still has.
    package var isAgain: Bool
    /// Of an NG, where it is most unusual: the middle of the region with the highest peak.
    package var place: PixelPlace?

    package init(
        seq: UInt64, time: Int64, camera: String, recipe: String, generation: Int? = nil, part: String? = nil,
        lot: String? = nil, verdict: Verdict, cause: String? = nil, isUncertain: Bool = false, score: Double? = nil,
        isAgain: Bool = false, place: PixelPlace? = nil
    ) {
        self.seq = seq
        self.time = time
        self.camera = camera
        self.recipe = recipe
        self.generation = generation
        self.part = part
        self.lot = lot
        self.verdict = verdict
        self.cause = cause
        self.isUncertain = isUncertain
        self.score = score
        self.isAgain = isAgain
        self.place = place
    }
}

/// In pixels of the part's picture.
package struct PixelPlace: Sendable, Equatable {
    package var x: Int
    package var y: Int

    package init(x: Int, y: Int) { (self.x, self.y) = (x, y) }
}
