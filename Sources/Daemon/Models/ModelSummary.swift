package import ControlProtocol
package import Core

/// What people are told about a fitted model.
package struct ModelSummary: Sendable, Equatable {
    package var kind: ModelKind
    /// SHA-256 of the shots it was fitted from.
    package var shots: [String]
    /// The limit that calibration found.
    package var limit: Float
    /// What that limit rests on, in words.
    package var evidence: String
    /// Scores around that limit that are uncertain.
    package var band: UncertainBand
    /// What other sensitivities would give, from lower to higher.
    package var options: [LimitOption]
    /// What the fit chose and why, a line each; nil where nothing was to be chosen.
    package var choice: [String]?
    /// Of the shots, those that it has learnt nothing from, because they are unlike all others.
    package var oddShots: [String]
    /// What it looks at closely; nil where the method does not choose.
    package var region: PartRegionReply?

    package init(
        kind: ModelKind, shots: [String], limit: Float, evidence: String, band: UncertainBand? = nil,
        options: [LimitOption] = [], choice: [String]? = nil, oddShots: [String] = [], region: PartRegionReply? = nil
    ) {
        self.kind = kind
        self.shots = shots
        self.limit = limit
        self.evidence = evidence
        self.band = band ?? UncertainBand(lower: limit, upper: limit)
        self.options = options
        self.choice = choice
        self.oddShots = oddShots
        self.region = region
    }
}

extension FittedModel {
    /// What was fitted, whatever limit is in use: ``withLimit(_:band:)`` does not change it.
    package var summary: ModelSummary {
        ModelSummary(
            kind: kind, shots: shots,
            // The evidence's and not the calibration's: that one may be an operator's.
            limit: calibration.evidence.limit, evidence: calibration.evidence.words(canBeTaught: canBeTaught),
            band: calibration.evidence.band,
            options: calibration.evidence.options.map(LimitOption.init),
            choice: findings.isEmpty ? nil : findings, oddShots: oddShots.map(\.sha256),
            region: partRegion.map { PartRegionReply($0, settings.area.roi) })
    }
}

extension PartRegionReply {
    init(_ region: PartRegion, _ roi: PixelRectangle?) {
        let shape: Shape =
            switch region.shape {
            case .full: .full
            case .box: .box
            case .pose: .pose
            }
        self.init(
            shape: shape, pictureHeight: region.picture.height, pictureWidth: region.picture.width,
            left: region.extent.left, top: region.extent.top, right: region.extent.right, bottom: region.extent.bottom,
            roi: roi.map { [$0.x, $0.y, $0.width, $0.height] })
    }
}

extension CalibrationEvidence {
    /// One line beside the limit.
    ///
    /// - Parameter canBeTaught: whether parts of the line can teach the model.
    fileprivate func words(canBeTaught: Bool) -> String {
        if isOfStream {
            return "from \(partCount) parts of the line, each scored by a model without it; meant to reject "
                + "\(percent(options.first { $0.sensitivity == sensitivity }?.falseRejectRate ?? 0)) of good parts, if most of "
                + "them are good"
        }
        let parts = partCount == 1 ? "1 part" : "\(partCount) parts"
        let shots = shotCount == partCount ? parts : "\(shotCount) shots of \(parts)"
        return
            "from \(shots), \(scores.count) held-out scores; meant to reject \(percent(sensitivity.falseRejectRate)) of "
            + "good parts; without assuming a distribution \(parts) vouch for \(percent(supportedFalseRejectRate))"
            + (advice(canBeTaught: canBeTaught).map { "; " + $0 } ?? "")
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
