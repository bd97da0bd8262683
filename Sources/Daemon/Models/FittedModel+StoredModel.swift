import ControlProtocol
package import Core

extension FittedModel: StoredModel {
    package var summary: ModelSummary {
        ModelSummary(
            kind: kind, shots: shots,
            // The evidence's and not the calibration's: that one may be an operator's.
            limit: calibration.evidence.limit, evidence: calibration.evidence.words, band: calibration.evidence.band,
            options: calibration.evidence.options.map(LimitOption.init),
            choice: scorer.findings.isEmpty ? nil : scorer.findings)
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
