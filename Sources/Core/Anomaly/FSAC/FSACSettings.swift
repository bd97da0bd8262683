/// How a patch-level FSAC head is made and trained. Symbols are those of Zuo et al., CLIP-FSAC++.
///
/// The paper's adapters are `hiddenWidth` = 4 C, `imageBlocks` = 2 and `hasOutputLayer`; the defaults are smaller, so that a
/// fit takes seconds with features of any backbone.
package struct FSACSettings: Codable, Sendable, Equatable {
    /// Of the adapters' MLPs, `C -> hiddenWidth -> C`.
    package var hiddenWidth = 256
    /// MLPs of the image adapter, one after the other; the anchors' adapter has one.
    package var imageBlocks = 1
    /// Whether a linear layer `C -> C` follows the adapters' last GELU. Without it, no GELU follows the last MLP.
    package var hasOutputLayer = false
    /// `alpha1` of eq. 4; `alpha2` is the rest of 1.
    package var imageResidual: Float = 0.4
    /// `beta1` of eq. 5; `beta2` is the rest of 1.
    package var anchorResidual: Float = 0.4
    /// `gamma1` of eq. 9: the share of what the patches say of the anchors. 0.7 (VisA) and 0.01 (MVTec AD) in the paper.
    package var patchShare: Float = 0.01
    /// `gamma2` of eq. 13: the weight of the cross-entropy.
    package var classificationWeight: Float = 0.7
    /// `tau` of the classification.
    package var temperature: Float = 0.07
    /// The root mean square norm of what goes in, after centring. CLIP's embeddings have about 10.
    package var inputNorm: Float = 10
    package var imageLearningRate: Float = 5e-4
    /// Of the anchors, their adapter, and the two linear layers of the attention.
    package var anchorLearningRate: Float = 1e-4
    package var steps = 300
    /// Tokens a step, half of them normal.
    package var batchSize = 256

    package init() {}

    /// What is wrong with the settings, in words; nil if nothing.
    package var problem: String? {
        let shares = [imageResidual, anchorResidual]
        let positive = [classificationWeight, temperature, inputNorm, imageLearningRate, anchorLearningRate]
        if !shares.allSatisfy({ (0...1).contains($0) }) { return "residuals: expected 0 to 1, got \(shares)" }
        if !(0...1).contains(patchShare) { return "patch share: expected 0 to 1, got \(patchShare)" }
        if !positive.allSatisfy({ $0.isFinite && $0 > 0 }) { return "expected positive numbers, got \(positive)" }
        guard (1...8192).contains(hiddenWidth), (1...4).contains(imageBlocks), (1...1_000_000).contains(steps),
            batchSize >= 2, batchSize <= 65_536, batchSize % 2 == 0
        else {
            return "expected a hidden width of 1 to 8192, 1 to 4 blocks, 1 to 1000000 steps and an even batch size up "
                + "to 65536, got \(hiddenWidth), \(imageBlocks), \(steps) and \(batchSize)"
        }
        return nil
    }

    /// The network that they ask for.
    var form: FSACForm {
        FSACForm(
            hiddenWidth: hiddenWidth, imageBlocks: imageBlocks, hasOutputLayer: hasOutputLayer,
            imageResidual: imageResidual, anchorResidual: anchorResidual, visualShare: patchShare,
            classificationWeight: classificationWeight, temperature: temperature)
    }
}
