/// What is asked of a backbone about one picture. Nothing more is computed.
package struct FeatureRequest: Sendable, Equatable {
    /// Layers whose patch tokens are asked for, each in `1...layerCount`.
    package var layers: [Int]
    /// Whether the embedding of the whole picture and the patch tokens after the final norm are asked for.
    package var finalTokens: Bool
    /// Sides, in patches, of the square windows whose embeddings are asked for (WinCLIP). Only of backbones with text.
    package var windows: [Int]
    /// Of layers alone: the patches that count, in ascending order; nil = all. A transformer goes on as if the others were not in the
    /// picture: no patch attends to them, and their tokens are zeros. A convolutional network computes all.
    package var patches: [Int]?

    package init(
        layers: [Int] = [], finalTokens: Bool = false, windows: [Int] = [], patches: [Int]? = nil
    ) {
        self.layers = layers
        self.finalTokens = finalTokens
        self.windows = windows
        self.patches = patches
    }
}
