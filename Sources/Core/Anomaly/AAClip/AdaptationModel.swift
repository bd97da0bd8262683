/// A CLIP model as training takes it: both towers, laid out for computing.
package struct AdaptationModel: Sendable {
    package let name: String
    /// SHA-256 of the weights.
    package let sha256: String
    package let configuration: CLIPConfiguration
    let preprocessing: Preprocessing
    let image: VisionTransformerWeights
    let text: CLIPTextWeights
    let tokens: @Sendable (_ text: String) -> [Int32]

    package init(
        name: String, sha256: String, configuration: CLIPConfiguration, preprocessing: Preprocessing,
        scope: WeightScope, tokens: @escaping @Sendable (_ text: String) -> [Int32]
    ) throws(WeightsError) {
        self.name = name
        self.sha256 = sha256
        self.configuration = configuration
        self.preprocessing = preprocessing
        image = try VisionTransformerWeights(clip: scope, configuration)
        text = try CLIPTextWeights(scope, configuration)
        self.tokens = tokens
    }

    /// - Throws: `unknownArchitecture` when it is no CLIP model; what ``ModelWeights/load(_:modelsDirectory:towers:)`` throws.
    package static func load(
        _ reference: String, modelsDirectory: ModelsDirectory
    ) throws(WeightsError) -> AdaptationModel {
        let weights = try ModelWeights.load(reference, modelsDirectory: modelsDirectory)
        guard let configuration = weights.sidecar.clip, let vocabulary = weights.vocabulary else {
            throw .unknownArchitecture(file: weights.path, known: [WeightArchitecture.clip.rawValue])
        }
        let tokenizer = BytePairTokenizer(vocabulary)
        return try AdaptationModel(
            name: weights.sidecar.name, sha256: weights.sidecar.sha256, configuration: configuration,
            preprocessing: weights.sidecar.preprocessing, scope: weights.scope,
            tokens: { tokenizer.tokens(of: $0, contextLength: configuration.text.contextLength) })
    }

    /// The paper's adapters for this model, with 4 levels. A tower with fewer blocks than the paper adapts has one behind each.
    func untrained(inputSize: Int, seed: UInt64) -> AAClipAdapters {
        let (image, text) = (configuration.image, configuration.text)
        return AAClipAdapters(
            AAClipConfiguration(
                imageWidth: image.width, embeddingWidth: configuration.embeddingWidth,
                imageLayers: min(6, image.depth), levels: min(4, image.depth),
                text: .init(width: text.width, layers: min(3, text.depth))),
            training: .init(activation: configuration.activation, inputSize: inputSize), seed: seed)
    }

    func prompts(of object: String) -> TextAdaptation.Prompts {
        let sentences = Wording(object: object, prompts: .aaClip).sentences
        return TextAdaptation.Prompts(
            normal: sentences.normal.map(tokens), abnormal: sentences.abnormal.map(tokens))
    }
}
