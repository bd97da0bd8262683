/// What an FSAC network computes: sizes and shares that the paper leaves to the experiment. Symbols are those of Zuo et al.,
/// CLIP-FSAC++.
struct FSACForm: Sendable, Equatable {
    /// Of the adapters' MLPs, `C -> hiddenWidth -> C`.
    var hiddenWidth: Int
    /// MLPs of the image adapter, one after the other; the anchors' adapter has one.
    var imageBlocks: Int
    /// Whether a linear layer `C -> C` follows the adapters' last GELU. Without it, no GELU follows the last MLP.
    var hasOutputLayer: Bool
    /// `alpha1` of eq. 4; `alpha2` is the rest of 1.
    var imageResidual: Float
    /// `beta1` of eq. 5; `beta2` is the rest of 1.
    var anchorResidual: Float
    /// `gamma1` of eq. 9.
    var visualShare: Float
    /// `gamma2` of eq. 13.
    var classificationWeight: Float
    /// `tau` of the classification.
    var temperature: Float
    var descriptor: FSACDescriptor = .paper
}

/// Which texts the Anomaly Descriptor's attentions look at.
package enum FSACDescriptor: String, Codable, Sendable, CaseIterable {
    /// The adapted ones, `psi = [AT+; AT-]` (eq. 6).
    case paper
    /// `[T+; T-]` as they come, as the authors' released code does.
    case released
}

/// What the texts look at in the Descriptor's second attention (eq. 8).
enum FSACKeys: Sendable {
    /// Each picture is the only key for itself, as when it is scored: the softmax over one key is 1, so `VT = Linear(TF)` for
    /// both texts, and `CT` is another one for each picture.
    case own
    /// All pictures of the batch are keys, as when pairs train: there is one `CT` for the whole batch.
    case batch
}
