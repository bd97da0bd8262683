/// Raw scores of pictures by scorers that have not seen their part: what a limit is made of.
struct HeldOutScores {
    /// For each shot its own score; with one shot, which leaves no other, those of its variants by its own scorer.
    let normal: [[Float]]
    /// Of all synthetic anomalies.
    let anomalous: [Float]

    /// - Parameter parts: for each shot the number of its part.
    init(
        _ shots: ShotSource, parts: [Int], _ fit: any ScorerFit, _ parallelism: Parallelism
    ) throws(FitError) {
        var normal: [[Float]] = []
        var anomalous: [Float] = []
        for index in 0..<shots.count {
            let shot = try shots.features(of: index, .made)
            let samePart = parts.indices.filter { parts[$0] == parts[index] }
            let scorer = fit.scorer(leavingOut: shots.count > 1 ? Set(samePart) : [], parallelism)
            func scores(_ views: [ShotFeatures.View]) -> [Float] {
                views.map { scorer.score($0.features, counting: $0.mask, parallelism).imageScore }
            }
            normal.append(scores(shots.count > 1 ? [shot.own] : shot.variants))
            anomalous += scores(shot.anomalies.map(\.view))
        }
        self.normal = normal
        self.anomalous = anomalous
    }
}
