/// What a backbone says of one picture.
package struct Features: Sendable, Equatable {
    /// `[C]`: the embedding of the whole picture (a transformer's class token after the final norm, the pooled head of a
    /// convolutional network). Nil when the final tokens were not asked for.
    package let classToken: [Float]?
    /// Patch tokens of the backbone's last layer after its final norm. Nil when the final tokens were not asked for.
    package let patchTokens: FeatureMap?
    /// The layers that were asked for, by number; layers count from 1 (transformer blocks, or stages of a network).
    package let layers: [Int: FeatureMap]
    /// By side in patches: the windows that were asked for. The grid is that of the windows' positions, one patch apart; a row
    /// is a window's embedding, `[C]`.
    package let windows: [Int: FeatureMap]
    /// `[height, width]` of the input: how much a score changes with each pixel, the mean over the channels of the gradient's
    /// absolute value (CLIP-FSAC++, eq. 17). Nil when no score was given.
    package var saliency: Matrix?
    /// Of the fine views that were asked for; nil when the part that they show was not found in the picture.
    package var fine: [FineFeatures]? = []

    package init(
        classToken: [Float]? = nil, patchTokens: FeatureMap? = nil, layers: [Int: FeatureMap],
        windows: [Int: FeatureMap] = [:], saliency: Matrix? = nil
    ) {
        self.classToken = classToken
        self.patchTokens = patchTokens
        self.layers = layers
        self.windows = windows
        self.saliency = saliency
    }

    /// Whether all numbers are, but for the saliency, which is a picture for people.
    package var isFinite: Bool {
        let maps = [patchTokens].compactMap { $0 } + layers.values + windows.values
        return (classToken ?? []).allSatisfy(\.isFinite) && maps.allSatisfy { $0.tokens.values.allSatisfy(\.isFinite) }
            && (fine ?? []).allSatisfy(\.isFinite)
    }
}

/// What a backbone says of a fine view of one picture: of a part of it, or of all of it, seen closer.
package struct FineFeatures: Sendable, Equatable {
    /// Where the view lies in the picture.
    package let placement: ViewPlacement
    /// By number; maps of the view's grid, or of twice as many rows and columns.
    package let layers: [Int: FeatureMap]

    package init(placement: ViewPlacement, layers: [Int: FeatureMap]) {
        self.placement = placement
        self.layers = layers
    }

    var isFinite: Bool { layers.values.allSatisfy { $0.tokens.values.allSatisfy(\.isFinite) } }
}
