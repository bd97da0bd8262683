internal import Foundation

/// What a fit by `auto` decided, and why.
package struct FitChoice: Codable, Sendable, Equatable {
    /// Whether parts lie in any rotation.
    struct Rotation: Codable, Sendable, Equatable {
        /// Turned copies of each shot in the memory, the shot among them; 1 is none.
        let copies: Int
        /// By how much the held-out shots come closer when turned copies of the others are remembered, as a difference of log
        /// distances; nil when there is no other shot.
        let gain: Double?
    }

    /// One view of the picture.
    struct Component: Codable, Sendable, Equatable {
        let stage: FeatureStage
        /// The distance that counts as 1: a typical good part's.
        var unit: Float
        /// The share of (good picture, synthetic anomaly) pairs that the component alone ranks right; nil without anomalies.
        var separation: Double?
    }

    /// A fine view, by memories with turned copies or without; where both are asked, there are two of a view.
    struct Fine: Codable, Sendable, Equatable {
        /// Its number.
        let view: Int
        let grid: PatchGrid
        let rotation: Rotation
        /// Among all fine ones; they add up to 1.
        let share: Float
        var components: [Component]

        func with(share: Float) -> Fine {
            Fine(view: view, grid: grid, rotation: rotation, share: share, components: components)
        }
    }

    let rotation: Rotation
    let texture: TextureEvidence
    var components: [Component]
    /// Nil of a texture, of too few shots, and of models that do not say.
    var composition: CompositionEvidence?
    /// Nil when there is only the coarse view.
    var fine: [Fine]?
    /// As a component's, of all together.
    var separation: Double?
    /// What the words are worth; nil when the backbone does not read.
    var words: WordEvidence?
    /// Synthetic anomalies that the separations were counted with.
    var anomalies = 0

    /// For a person.
    package var lines: [String] {
        var lines = [textureText, text(rotation)] + compositionText
        lines += components.map { component in
            "layer \(component.stage.layer)\(component.stage.localAveraging ? ", averaged over 3 x 3 patches" : "")"
                + ranks(component.separation)
        }
        for view in fine ?? [] {
            lines.append(
                "looks closer, at \(view.grid.rows) x \(view.grid.columns) patches: " + text(view.rotation)
                    + String(format: ", %.0f %% of the closer look", view.share * 100))
        }
        if let words {
            let use = words.isUsed ? "raise the score" : "not used"
            lines.append("the words for a bad part" + ranks(words.separation) + ": " + use)
        }
        if anomalies > 0 {
            lines.append("all together\(ranks(separation)), of \(anomalies) synthetic anomalies")
        }
        return lines
    }

    private var compositionText: [String] {
        guard let composition else { return [] }
        let use = composition.weight > 0 ? "counts" : "does not count"
        return [
            String(
                format:
                    "which pieces lie where \(use): a piece in another place differs %.1f times as much as good shots do",
                composition.contrast)
        ]
    }

    private func ranks(_ separation: Double?) -> String {
        separation.map { String(format: ": ranks %.0f %% above good pictures", $0 * 100) } ?? ""
    }

    private var textureText: String {
        let agreement = texture.agreement.map { String(format: ", shots agree %.1f times as much as chance", $0) } ?? ""
        let wholes =
            texture.wholesDiffer.map {
                String(format: ", shots differ as wholes %.2f times as much as their quarters", $0)
            }
            ?? ""
        let kind =
            switch (texture.weight > 0, texture.wholeWeight > 0) {
            case (false, _): "an object"
            case (true, false): "a texture that varies from shot to shot: only its patches are compared"
            case (true, true): "a texture: the whole picture is compared, too"
            }
        return kind + String(format: " (%.0f %% of the variance is between places", texture.betweenCells * 100)
            + agreement + wholes + ")"
    }

    private func text(_ rotation: Rotation) -> String {
        let copies = rotation.copies > 1 ? "\(rotation.copies) rotations" : "no rotations"
        guard let gain = rotation.gain else {
            return rotation.copies > 1 ? copies + ": one shot does not say how parts lie" : copies
        }
        return copies + String(format: ": turned copies bring the shots %.0f %% closer", (1 - exp(-gain)) * 100)
    }
}
