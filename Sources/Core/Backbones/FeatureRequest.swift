/// What is asked of a backbone about one picture. Nothing more is computed.
public struct FeatureRequest: Sendable, Equatable {
    /// Layers whose patch tokens are asked for, each in `1...layerCount`.
    public var layers: [Int]
    /// Whether the embedding of the whole picture and the patch tokens after the final norm are asked for.
    public var finalTokens: Bool
    /// Sides, in patches, of the square windows whose embeddings are asked for (WinCLIP). Only of backbones with text.
    public var windows: [Int]

    public init(layers: [Int] = [], finalTokens: Bool = false, windows: [Int] = []) {
        self.layers = layers
        self.finalTokens = finalTokens
        self.windows = windows
    }
}
