public import Core

extension FittedModel: StoredModel {
    public var summary: ModelSummary {
        ModelSummary(
            kind: ModelKind(backbone: backbone, settings: settings), shots: shots, limit: calibration.evidence.limit,
            evidence: calibration.evidence.text)
    }
}

extension ModelKind {
    public init(backbone: BackboneIdentity, settings: PatchMemorySettings) {
        let layers = settings.layers.map(String.init).joined(separator: " ")
        self.init(
            backbone: "\(backbone.name) at \(backbone.inputSize) px (weights \(backbone.sha256.prefix(8)))",
            method: "patch memory, layers \(layers), \(settings.localAveraging ? "3x3 averaged, " : "")"
                + "\(settings.aggregation == .maximum ? "maximum" : "top 1 %"), \(settings.rotations) rotations, "
                + "\(settings.coresetBudget == 0 ? "all" : "\(settings.coresetBudget)") patches")
    }
}
