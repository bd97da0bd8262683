/// How much a fit computes: as many forward passes as its budget allows. The budget is in seconds of a nominal machine and not
/// of a clock, so that equal settings give equal models.
struct FitPlan: Equatable {
    /// Views of each shot that are embedded: itself and its turned copies.
    let rotations: Int
    /// Synthetic anomalies of all shots together.
    let anomalies: Int

    /// Forward passes in a second of one thread, of the backbones that are there at the sizes that `auto` uses.
    private static let passesPerSecond = 10.0
    /// More say no more.
    private static let mostAnomalies = 48

    init(_ settings: MethodSettings, shotCount: Int) {
        if let clipFSAC = settings.clipFSAC {
            rotations = settings.rotations
            anomalies = clipFSAC.anomaliesPerShot * shotCount
            return
        }
        guard settings.method == .auto || settings.method == .fsac else {
            rotations = settings.rotations
            anomalies = 0
            return
        }
        let passes = Int(settings.fitBudget * Self.passesPerSecond)
        // More than half of the budget for turned copies would leave too little for the rest.
        rotations = [8, 4, 2].first { $0 <= settings.rotations && $0 * shotCount <= passes / 2 } ?? 1
        anomalies = min(max(passes - rotations * shotCount, 0), Self.mostAnomalies)
    }

    /// Of the shot with this number.
    func anomalies(ofShot shot: Int, among count: Int) -> Int {
        anomalies / count + (shot < anomalies % count ? 1 : 0)
    }

    func passes(shotCount: Int, variants: Int) -> Int { shotCount * (rotations + variants) + anomalies }
}
