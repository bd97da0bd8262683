// C width of the embedding, S side of the network's input.

/// What a backbone says of a picture as a whole, for methods that compare it with texts.
package struct WholePicture: Sendable, Equatable {
    /// `[C]`, as the backbone gives it (not normalised).
    package let embedding: [Float]
    /// By side in patches: the embedding of the window at each position, `[positions, C]` (not normalised).
    package let windows: [Int: FeatureMap]
    /// `[S, S]`: how much the score changes with each pixel, see ``Features/saliency``.
    package let saliency: Matrix?

    package init(embedding: [Float], windows: [Int: FeatureMap] = [:], saliency: Matrix? = nil) {
        self.embedding = embedding
        self.windows = windows
        self.saliency = saliency
    }

    /// Nil when the final tokens were not asked for.
    init?(_ features: Features) {
        guard let embedding = features.classToken else { return nil }
        self.init(embedding: embedding, windows: features.windows, saliency: features.saliency)
    }
}
