import Platform

/// What the configuration files beside a CLIP's weights say of it.
package struct CLIPDescription: Sendable, Equatable {
    package var configuration: CLIPConfiguration
    package var preprocessing: Preprocessing
    /// The file that says so, for messages.
    package var source: String

    static let openCLIPFile = "open_clip_config.json"
    static let huggingFaceFile = "config.json"
    static let huggingFacePreprocessing = "preprocessor_config.json"

    /// What OpenAI trained with and most others kept.
    static let preprocessing = Preprocessing(
        mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711],
        interpolation: .bicubic)

    /// Reads the configuration beside a weight file.
    ///
    /// - Parameters:
    ///   - folder: where it is looked for.
    ///   - weights: the weight file, for messages.
    /// - Throws: `missingFile` when there is none; `malformed` naming file and key.
    static func read(folder: String, weights: String) throws(WeightsError) -> CLIPDescription {
        let isHuggingFace =
            FilePath.split(weights).name.hasPrefix("model.") || FilePath.split(weights).name.hasPrefix("pytorch_")
        let order = isHuggingFace ? [huggingFaceFile, openCLIPFile] : [openCLIPFile, huggingFaceFile]
        for name in order where fileExists(folder + "/" + name) {
            let object = try JSONObject.read(path: folder + "/" + name)
            let description =
                name == openCLIPFile ? try openCLIP(object) : try huggingFace(object, folder: folder)
            try description.check()
            return description
        }
        throw .missingFile(
            file: weights, expected: [openCLIPFile, huggingFaceFile],
            reason: "sizes of heads and the activation cannot be told from weights")
    }

    /// Sizes that do not go together.
    func check() throws(WeightsError) {
        let image = configuration.image
        let text = configuration.text
        for size in [
            image.size, image.patchSize, image.width, image.depth, image.heads, text.width, text.depth, text.heads,
            configuration.embeddingWidth,
        ]
        where size < 1 || size > 1 << 24 { throw bad("sizes", expected: "numbers above 0", got: size) }
        guard image.size % image.patchSize == 0 else {
            throw bad("image size", expected: "a multiple of the patches' \(image.patchSize)", got: image.size)
        }
        for (tower, width, heads) in [("image", image.width, image.heads), ("text", text.width, text.heads)] {
            guard width % heads == 0 else {
                throw bad("heads of the \(tower) tower", expected: "a divisor of its width \(width)", got: heads)
            }
        }
        guard text.vocabularySize > BytePairVocabulary.fixedTokens else {
            throw bad(
                "vocabulary", expected: "more than \(BytePairVocabulary.fixedTokens) tokens", got: text.vocabularySize)
        }
        guard text.contextLength > 2 else {
            throw bad("context length", expected: "more than 2", got: text.contextLength)
        }
    }

    private func bad(_ section: String, expected: String, got: Int) -> WeightsError {
        .malformed(file: source, section: section, expected: expected, got: "\(got)")
    }

    static func preprocessing(
        _ object: JSONObject, mean: String, std: String, isBicubic: Bool
    ) throws(WeightsError) -> Preprocessing {
        let means = try object.channels(mean) ?? preprocessing.mean
        let deviations = try object.channels(std) ?? preprocessing.std
        guard deviations.allSatisfy({ $0 > 0 }) else { throw object.malformed(std, expected: "positive deviations") }
        return Preprocessing(mean: means, std: deviations, interpolation: isBicubic ? .bicubic : .bilinear)
    }
}
