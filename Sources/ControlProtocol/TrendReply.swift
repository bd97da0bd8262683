/// How the parts of a recipe change over time. These numbers change no verdict: they are for whoever cleans lenses and
/// replaces lamps.
package struct TrendReply: Codable, Sendable, Equatable {
    /// Weighted mean of the newest OK scores: 0 is what was typical of the shots, 1 is the limit. Absent after too few parts.
    package var drift: Double?
    /// OK parts that this generation has judged; after a start of the daemon, those found in the journal and those since.
    package var parts: Int
    /// Whether the scores left what is usual. It ends well inside of where it began, so that it does not flicker.
    package var isDrifting: Bool
    /// What is not as in the shots in the newest picture as a whole, in words: `brightness +31 % (tolerated: +13 %)`.
    package var sceneShift: String?
    /// Pictures with such a shift since the daemon started.
    package var sceneShifts: UInt64

    package init(drift: Double?, parts: Int, isDrifting: Bool, sceneShift: String?, sceneShifts: UInt64) {
        self.drift = drift
        self.parts = parts
        self.isDrifting = isDrifting
        self.sceneShift = sceneShift
        self.sceneShifts = sceneShifts
    }

    private enum CodingKeys: String, CodingKey {
        case drift, parts
        case isDrifting = "drifting"
        case sceneShift = "scene_shift"
        case sceneShifts = "scene_shifts"
    }
}
