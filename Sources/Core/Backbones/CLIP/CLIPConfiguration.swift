/// What makes one CLIP model different from another (Radford et al. 2021, <https://arxiv.org/abs/2103.00020>). Both towers are
/// transformers of pre-norm blocks with an MLP of four times their width and layer norms with epsilon 1e-5.
package struct CLIPConfiguration: Codable, Sendable, Equatable {
    /// What follows the first layer of an MLP: OpenAI's own weights were trained with the approximation
    /// `x * sigmoid(1.702 x)`, others with the exact GELU.
    package enum Activation: String, Codable, Sendable {
        case gelu
        case quickGELU = "quick_gelu"
    }

    package struct ImageTower: Codable, Sendable, Equatable {
        /// Side of the square input that the positions were trained on, in pixels; a multiple of `patchSize`.
        package var size: Int
        /// In pixels.
        package var patchSize: Int
        package var width: Int
        package var depth: Int
        package var heads: Int

        package init(size: Int, patchSize: Int, width: Int, depth: Int, heads: Int) {
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

    package struct TextTower: Codable, Sendable, Equatable {
        /// Tokens of a text, start and end included.
        package var contextLength: Int
        package var vocabularySize: Int
        package var width: Int
        package var depth: Int
        package var heads: Int

        package init(contextLength: Int, vocabularySize: Int, width: Int, depth: Int, heads: Int) {
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
    package var embeddingWidth: Int
    package var image: ImageTower
    package var text: TextTower
    package var activation: Activation

    package init(embeddingWidth: Int, image: ImageTower, text: TextTower, activation: Activation) {
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
