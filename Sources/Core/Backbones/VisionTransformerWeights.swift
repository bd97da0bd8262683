// D width, C width of the embedding.

/// What makes one DINOv2 network different from another.
package struct VisionTransformerConfiguration: Sendable, Equatable {
    package let width: Int
    package let depth: Int
    package let heads: Int
    package let patchSize: Int
    /// Side of the square grid that the position embedding was trained on.
    package let positionGridSide: Int
    package let layerNormEpsilon: Float
    /// Whether every block's tokens are given layer-normalised, without weights, as they were compared in training; there is no
    /// other norm after the last block then.
    package let normalisesLayers: Bool

    package init(
        width: Int, depth: Int, heads: Int, patchSize: Int, positionGridSide: Int, layerNormEpsilon: Float,
        normalisesLayers: Bool = false
    ) {
        self.width = width
        self.depth = depth
        self.heads = heads
        self.patchSize = patchSize
        self.positionGridSide = positionGridSide
        self.layerNormEpsilon = layerNormEpsilon
        self.normalisesLayers = normalisesLayers
    }

    var shape: TransformerShape {
        TransformerShape(
            width: width, depth: depth, heads: heads, layerNormEpsilon: layerNormEpsilon, activation: .gelu)
    }

    /// DINOv2 ViT-S/14: 37 x 37 patches of a 518-pixel picture.
    package static let dinov2Small = VisionTransformerConfiguration(
        width: 384, depth: 12, heads: 6, patchSize: 14, positionGridSide: 37, layerNormEpsilon: 1e-6)

    /// Its first eight blocks, post-trained (docs/backbone.md).
    package static let fsacSmall = VisionTransformerConfiguration(
        width: 384, depth: 8, heads: 6, patchSize: 14, positionGridSide: 37, layerNormEpsilon: 1e-6,
        normalisesLayers: true)
}

/// Weights of a vision transformer, laid out for computing.
package struct VisionTransformerWeights: Sendable {
    /// `D` channels, a window a patch.
    let patchEmbedding: DenseConvolution
    let classToken: [Float]
    /// `[1 + side * side, D]`: of the class token and of a square grid of patches.
    let positions: Matrix
    /// How positions are made for another grid.
    let interpolation: Interpolation
    /// CLIP's `ln_pre`, before the blocks.
    let firstNorm: LayerNorm?
    let encoder: TransformerWeights
    /// After the blocks.
    let norm: LayerNorm
    /// Whether the layers are given after ``norm``, too.
    let normalisesLayers: Bool
    /// Into the space of the text, `D -> C`; CLIP only.
    let projection: Linear?

    var shape: TransformerShape { encoder.shape }
    /// The blocks; and the patch tokens in the space of the text, where there is one.
    package var layerCount: Int { shape.depth + (projection == nil ? 0 : 1) }

    /// - Parameters:
    ///   - weights: tensors under the names of Hugging Face's `facebook/dinov2-small`.
    ///   - inIntegers: whether the blocks are, or in single precision.
    /// - Throws: `WeightsError` naming the first tensor that is missing or has another shape.
    package init(
        dinov2 weights: WeightScope, _ configuration: VisionTransformerConfiguration,
        inIntegers: Bool = false
    ) throws(WeightsError) {
        let (width, patch) = (configuration.width, configuration.patchSize)
        let embeddings = weights["embeddings"]
        patchEmbedding = DenseConvolution(
            kernel: patch, stride: patch,
            weights: try embeddings["patch_embeddings.projection"].tensor("weight", [width, 3, patch, patch]),
            bias: try embeddings["patch_embeddings.projection"].vector("bias", width))
        classToken = try embeddings.tensor("cls_token", [1, 1, width]).values
        let tokens = 1 + configuration.positionGridSide * configuration.positionGridSide
        positions = Matrix(
            rows: tokens, columns: width,
            values: try embeddings.tensor("position_embeddings", [1, tokens, width]).values)
        interpolation = .bicubic
        firstNorm = nil
        encoder = try TransformerWeights(configuration.shape, inIntegers: inIntegers) { index throws(WeightsError) in
            try TransformerBlock(dinov2: weights["encoder.layer.\(index)"], configuration.shape)
        }
        norm = configuration.normalisesLayers ? LayerNorm(plain: width) : try LayerNorm(weights["layernorm"], width)
        normalisesLayers = configuration.normalisesLayers
        projection = nil
    }

    /// CLIP's image tower.
    ///
    /// - Parameter weights: tensors under OpenCLIP's names, `visual.conv1.weight` and so on.
    /// - Throws: `WeightsError` naming the first tensor that is missing or has another shape.
    package init(clip weights: WeightScope, _ configuration: CLIPConfiguration) throws(WeightsError) {
        let (tower, visual) = (configuration.image, weights["visual"])
        let (width, patch) = (tower.width, tower.patchSize)
        patchEmbedding = DenseConvolution(
            kernel: patch, stride: patch, weights: try visual.tensor("conv1.weight", [width, 3, patch, patch]),
            bias: [Float](repeating: 0, count: width))
        classToken = try visual.vector("class_embedding", width)
        let side = tower.size / patch
        positions = try visual.matrix("positional_embedding", 1 + side * side, width)
        interpolation = .antialiasedBicubic
        firstNorm = try LayerNorm(visual["ln_pre"], width)
        encoder = try TransformerWeights(
            openCLIP: visual["transformer"],
            TransformerShape(clip: configuration, tower.width, tower.depth, tower.heads))
        norm = try LayerNorm(visual["ln_post"], width)
        normalisesLayers = false
        projection = try Linear(
            projection: "proj", visual, inputs: width, outputs: configuration.embeddingWidth)
    }

    /// `[T, D]`: what is added to the projected patches of a grid, and the class token in row 0.
    func embedding(of grid: PatchGrid) -> [Float] {
        let width = positions.columns
        let side = Int(Double(positions.rows - 1).squareRoot().rounded())
        let trained = FeatureMap(
            grid: PatchGrid(rows: side, columns: side),
            tokens: Matrix(rows: side * side, columns: width, values: Array(positions.values[width...])))
        return zip(classToken, positions.row(0)).map(+) + trained.resampled(to: grid, interpolation).tokens.values
    }
}

extension TransformerShape {
    init(clip configuration: CLIPConfiguration, _ width: Int, _ depth: Int, _ heads: Int) {
        self.init(
            width: width, depth: depth, heads: heads, layerNormEpsilon: 1e-5,  // torch.nn.LayerNorm
            activation: configuration.activation == .gelu ? .gelu : .quickGELU)
    }
}

extension TransformerBlock {
    init(dinov2 weights: WeightScope, _ shape: TransformerShape) throws(WeightsError) {
        let (width, hiddenWidth) = (shape.width, shape.hiddenWidth)
        let attention = weights["attention.attention"]
        var (matrices, biases): ([Float], [Float]) = ([], [])
        for name in ["query", "key", "value"] {
            matrices += try attention[name].matrix("weight", width, width).values
            biases += try attention[name].vector("bias", width)
        }
        self.init(
            norm1: try LayerNorm(weights["norm1"], width), queryKeyValue: Self.heads(matrices, biases, shape),
            projection: try Linear(
                weights["attention.output.dense"], inputs: width, outputs: width,
                scale: try weights["layer_scale1"].vector("lambda1", width)),
            norm2: try LayerNorm(weights["norm2"], width),
            hidden: try Linear(weights["mlp.fc1"], inputs: width, outputs: hiddenWidth),
            output: try Linear(
                weights["mlp.fc2"], inputs: hiddenWidth, outputs: width,
                scale: try weights["layer_scale2"].vector("lambda1", width)))
    }
}
