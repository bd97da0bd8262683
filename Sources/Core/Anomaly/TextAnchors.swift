// C width of the embedding.

/// What a normal and what an abnormal part look like in words: the means of the prompts' embeddings (CLIP-FSAC++, eq. 3).
public struct TextAnchors: Sendable, Equatable {
    /// `T+`, `[C]`, of Euclidean norm 1.
    public let normal: [Float]
    /// `T-`, `[C]`, of Euclidean norm 1.
    public let abnormal: [Float]

    public init(normal: [Float], abnormal: [Float]) {
        precondition(normal.count == abnormal.count, "anchors: \(normal.count) and \(abnormal.count) numbers")
        self.normal = normal
        self.abnormal = abnormal
    }
}
