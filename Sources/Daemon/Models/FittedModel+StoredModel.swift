public import Core

extension FittedModel: StoredModel {
    public var summary: ModelSummary {
        ModelSummary(
            kind: ModelKind(backbone: backbone.name, sha256: backbone.sha256, requested: requested), shots: shots,
            limit: calibration.evidence.limit,
            evidence: calibration.evidence.words)
    }
}

extension CalibrationEvidence {
    /// One line beside the limit.
    fileprivate var words: String {
        let parts = shotCount == 1 ? "1 shot" : "\(shotCount) shots"
        return
            "from \(parts), \(scores.count) held-out scores; meant to reject \(percent(targetFalseRejectRate)) of good "
            + "parts; without assuming a distribution \(parts) vouch for \(percent(supportedFalseRejectRate))"
    }

    private func percent(_ share: Double) -> String {
        let hundredths = (share * 10_000).rounded() / 100
        return hundredths == hundredths.rounded() ? "\(Int(hundredths)) %" : "\(hundredths) %"
    }
}

extension ModelKind {
    /// - Parameter settings: what was asked for: what a fit chooses does not make another kind, its scores are calibrated.
    public init(backbone: String, sha256: String, requested settings: MethodSettings) {
        let layers = settings.layers.map(String.init).joined(separator: " ")
        let size = settings.inputSize.map { " at \($0) px" } ?? ""
        self.init(
            backbone: "\(backbone)\(size) (weights \(sha256.prefix(8)))",
            method: "patch memory, layers \(layers), \(settings.localAveraging ? "3x3 averaged, " : "")"
                + "\(settings.aggregation == .maximum ? "maximum" : "top 1 %"), \(settings.rotations) rotations, "
                + "\(settings.coresetBudget == 0 ? "all" : "\(settings.coresetBudget)") patches"
                + (settings.area.text.map { ", \($0)" } ?? ""))
    }
}
