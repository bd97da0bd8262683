/// What makes one CLIP model different from another (Radford et al. 2021, <https://arxiv.org/abs/2103.00020>). Both towers are
/// transformers of pre-norm blocks with an MLP of four times their width and layer norms with epsilon 1e-5.
public struct CLIPConfiguration: Codable, Sendable, Equatable {
    /// What follows the first layer of an MLP: OpenAI's own weights were trained with the approximation
    /// `x * sigmoid(1.702 x)`, others with the exact GELU.
    public enum Activation: String, Codable, Sendable {
        case gelu
        case quickGELU = "quick_gelu"
    }

    public struct ImageTower: Codable, Sendable, Equatable {
        /// Side of the square input that the positions were trained on, in pixels; a multiple of `patchSize`.
        public var size: Int
        /// In pixels.
        public var patchSize: Int
        public var width: Int
        public var depth: Int
        public var heads: Int

        public init(size: Int, patchSize: Int, width: Int, depth: Int, heads: Int) {
            self.size = size
            self.patchSize = patchSize
            self.width = width
            self.depth = depth
            self.heads = heads
        }

        enum CodingKeys: String, CodingKey {
            case size, width, depth, heads
            case patchSize = "patch_size"
        }
    }

    public struct TextTower: Codable, Sendable, Equatable {
        /// Tokens of a text, start and end included.
        public var contextLength: Int
        public var vocabularySize: Int
        public var width: Int
        public var depth: Int
        public var heads: Int

        public init(contextLength: Int, vocabularySize: Int, width: Int, depth: Int, heads: Int) {
            self.contextLength = contextLength
            self.vocabularySize = vocabularySize
            self.width = width
            self.depth = depth
            self.heads = heads
        }

        enum CodingKeys: String, CodingKey {
            case width, depth, heads
            case contextLength = "context_length"
            case vocabularySize = "vocabulary_size"
        }
    }

    /// C: of the space that both towers project into.
    public var embeddingWidth: Int
    public var image: ImageTower
    public var text: TextTower
    public var activation: Activation

    public init(embeddingWidth: Int, image: ImageTower, text: TextTower, activation: Activation) {
        self.embeddingWidth = embeddingWidth
        self.image = image
        self.text = text
        self.activation = activation
    }

    enum CodingKeys: String, CodingKey {
        case image, text, activation
        case embeddingWidth = "embedding_width"
    }
}
