import ControlProtocol
package import Core
internal import Foundation

extension FittedModel: StoredModel {
    package var summary: ModelSummary {
        ModelSummary(
            kind: ModelKind(backbone: backbone.name, sha256: backbone.sha256, requested: requested), shots: shots,
            limit: calibration.evidence.limit, evidence: calibration.evidence.words, band: calibration.evidence.band,
            options: calibration.evidence.options.map(LimitOption.init),
            choice: (scorer as? CombinedScorer)?.choice.lines ?? (scorer as? CLIPFSACScorer)?.evidence.lines)
    }
}

extension CalibrationEvidence {
    /// One line beside the limit.
    fileprivate var words: String {
        let parts = partCount == 1 ? "1 part" : "\(partCount) parts"
        let shots = shotCount == partCount ? parts : "\(shotCount) shots of \(parts)"
        return
            "from \(shots), \(scores.count) held-out scores; meant to reject \(percent(sensitivity.falseRejectRate)) of "
            + "good parts; without assuming a distribution \(parts) vouch for \(percent(supportedFalseRejectRate))"
    }

    private func percent(_ share: Double) -> String {
        let hundredths = (share * 10_000).rounded() / 100
        return hundredths == hundredths.rounded() ? "\(Int(hundredths)) %" : "\(hundredths) %"
    }
}

extension LimitOption {
    init(_ option: CalibrationEvidence.Option) {
        self.init(
            sensitivity: option.sensitivity.value, limit: option.limit, falseRejectRate: option.falseRejectRate,
            escapeRate: option.escapeRate)
    }
}

extension ModelKind {
    /// - Parameter settings: what was asked for: what a fit chooses does not make another kind, its scores are calibrated.
    package init(backbone: String, sha256: String, requested settings: MethodSettings) {
        let layers = settings.layers.map(String.init).joined(separator: " ")
        let size = settings.inputSize.map { " at \($0) px" } ?? ""
        var parts = [settings.method == .patchMemory ? "patch memory" : settings.method.rawValue]
        if !layers.isEmpty { parts.append("layers \(layers)") }
        if settings.localAveraging { parts.append("3x3 averaged") }
        parts += settings.method.options.sorted { $0.rawValue < $1.rawValue }.compactMap(settings.words)
        if let clipFSAC = settings.clipFSAC {
            parts.append("\(clipFSAC.preset.rawValue), \(clipFSAC.descriptor.rawValue), \(clipFSAC.epochs.words)")
        }
        if let wording = settings.wording {
            parts.append("\"\(wording.object)\"" + (wording.prompts == settings.method.prompts ? "" : ", own prompts"))
        }
        if let area = settings.area.text { parts.append(area) }
        self.init(
            backbone: "\(backbone)\(size) (weights \(sha256.prefix(8)))", method: parts.joined(separator: ", "),
            sensitivity: settings.sensitivity.value)
    }
}

extension MethodSettings {
    /// What an option is set to, in a word or two.
    fileprivate func words(_ option: MethodOption) -> String? {
        switch option {
        case .localAveraging: nil
        case .aggregation:
            switch aggregation {
            case .topPercent: "top 1 %"
            case .maximum: "maximum"
            case .patchCore: "re-weighted maximum"
            }
        case .coresetBudget: "\(coresetBudget == 0 ? "all" : "\(coresetBudget)") patches"
        case .rotations: "\(rotations) rotations"
        case .foreground: foreground ? "foreground" : nil
        case .dimensions: "\(dimensions) dimensions"
        case .neighbours: "\(neighbours) neighbours"
        case .fitBudget: "fitted within \(fitBudget) s"
        }
    }
}

extension CLIPFSACEvidence {
    /// Whether training helped, for a person.
    fileprivate var lines: [String] {
        [
            "trained for \(epochs) epochs",
            String(
                format:
                    "ranks %.0f %% of synthetic anomalies above good pictures, %.0f %% before training (%ld and %ld pictures)",
                trained * 100, untrained * 100, anomalousCount, normalCount),
        ]
    }
}

extension CLIPFSACSettings.Epochs {
    fileprivate var words: String {
        switch self {
        case .fixed(let count): "\(count) epochs"
        case .auto: "epochs as they help"
        }
    }
}
