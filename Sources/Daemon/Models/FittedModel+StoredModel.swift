public import Core

extension FittedModel: StoredModel {
    public var summary: ModelSummary {
        ModelSummary(
            kind: ModelKind(backbone: backbone, settings: settings), shots: shots, limit: calibration.evidence.limit,
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
    public init(backbone: BackboneIdentity, settings: PatchMemorySettings) {
        let layers = settings.layers.map(String.init).joined(separator: " ")
        self.init(
            backbone: "\(backbone.name) at \(backbone.inputSize) px (weights \(backbone.sha256.prefix(8)))",
            method: "patch memory, layers \(layers), \(settings.localAveraging ? "3x3 averaged, " : "")"
                + "\(settings.aggregation == .maximum ? "maximum" : "top 1 %"), \(settings.rotations) rotations, "
                + "\(settings.coresetBudget == 0 ? "all" : "\(settings.coresetBudget)") patches"
                + (settings.area.text.map { ", \($0)" } ?? ""))
    }
}
