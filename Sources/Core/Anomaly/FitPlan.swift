/// What a fit computes of the shots besides the shots themselves.
package struct FitPlan: Sendable, Equatable {
    /// Views of each shot that are embedded: itself and its turned copies.
    package var rotations = 1
    /// Synthetic anomalies of all shots together.
    package var anomalies = 0
    /// Whether the model depends on the anomalies, rather than only what is said of it.
    package var learnsFromAnomalies = true
    /// Whether of the anomalies only the embedding of the whole picture counts: there are hundreds of them then.
    package var embedsAnomaliesOnly = false

    /// Forward passes in a second of one thread, of the backbones that are there at the sizes that `auto` uses.
    private static let passesPerSecond = 10.0
    /// More say no more.
    private static let mostAnomalies = 48

    init(rotations: Int = 1, anomalies: Int = 0, embedsAnomaliesOnly: Bool = false) {
        self.rotations = rotations
        self.anomalies = anomalies
        self.embedsAnomaliesOnly = embedsAnomaliesOnly
    }

    /// As many forward passes as a budget allows. It is in seconds of a nominal machine and not of a clock, so that equal
    /// settings give equal models.
    ///
    /// - Parameter rotations: at most.
    init(seconds: Double, rotations most: Int, shotCount: Int) {
        let passes = Int(seconds * Self.passesPerSecond)
        // More than half of the budget for turned copies would leave too little for the rest.
        rotations = [12, 8, 4, 2].first { $0 <= most && $0 * shotCount <= passes / 2 } ?? 1
        anomalies = min(max(passes - rotations * shotCount, 0), Self.mostAnomalies)
    }

    /// Of the shot with this number.
    func anomalies(ofShot shot: Int, among count: Int) -> Int {
        anomalies / count + (shot < anomalies % count ? 1 : 0)
    }

    func passes(shotCount: Int, variants: Int) -> Int { shotCount * (rotations + variants) + anomalies }
}
