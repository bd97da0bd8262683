extension CLIPDescription {
    /// Hugging Face's `config.json` of a CLIPModel and its `preprocessor_config.json`. What a key's absence means is what
    /// `CLIPTextConfig` and `CLIPVisionConfig` of transformers say, which writes only what differs.
    static func huggingFace(_ file: JSONObject, folder: String) throws(WeightsError) -> CLIPDescription {
        if let type = try file.text("model_type"), type != "clip" {
            throw file.malformed("model_type", expected: "\"clip\"")
        }
        let vision = try tower(file, "vision_config")
        let text = try tower(file, "text_config")
        let activation = try activation(vision)
        guard try self.activation(text) == activation else {
            throw text.malformed("hidden_act", expected: "the image tower's, \(activation.rawValue)")
        }
        let configuration = CLIPConfiguration(
            embeddingWidth: try file.size("projection_dim", default: 512), image: try huggingFaceImage(vision),
            text: try huggingFaceText(text), activation: activation)
        return CLIPDescription(
            configuration: configuration, preprocessing: try huggingFacePreprocessing(folder), source: file.file)
    }

    /// Old files have the other key, too.
    private static func tower(_ file: JSONObject, _ key: String) throws(WeightsError) -> JSONObject {
        if let tower = try file.object(key) { return tower }
        if let tower = try file.object(key + "_dict") { return tower }
        throw file.malformed(key, expected: "an object")
    }

    private static func activation(_ tower: JSONObject) throws(WeightsError) -> CLIPConfiguration.Activation {
        switch try tower.text("hidden_act") ?? "quick_gelu" {
        case "quick_gelu": return .quickGELU
        case "gelu": return .gelu
        default: throw tower.malformed("hidden_act", expected: "\"gelu\" or \"quick_gelu\"")
        }
    }

    private static func huggingFaceImage(_ vision: JSONObject) throws(WeightsError) -> CLIPConfiguration.ImageTower {
        let width = try vision.size("hidden_size", default: 768)
        try checkCommon(vision, width: width, defaultHidden: 3072)
        if let channels = try vision.number("num_channels"), channels != 3 {
            throw vision.malformed("num_channels", expected: "3")
        }
        return CLIPConfiguration.ImageTower(
            size: try vision.size("image_size", default: 224), patchSize: try vision.size("patch_size", default: 32),
            width: width, depth: try vision.size("num_hidden_layers", default: 12),
            heads: try vision.size("num_attention_heads", default: 12))
    }

    private static func huggingFaceText(_ text: JSONObject) throws(WeightsError) -> CLIPConfiguration.TextTower {
        let width = try text.size("hidden_size", default: 512)
        try checkCommon(text, width: width, defaultHidden: 2048)
        return CLIPConfiguration.TextTower(
            contextLength: try text.size("max_position_embeddings", default: 77),
            vocabularySize: try text.size("vocab_size", default: 49408), width: width,
            depth: try text.size("num_hidden_layers", default: 12),
            heads: try text.size("num_attention_heads", default: 8))
    }

    private static func checkCommon(_ tower: JSONObject, width: Int, defaultHidden: Int) throws(WeightsError) {
        guard try tower.size("intermediate_size", default: defaultHidden) == 4 * width else {
            throw tower.malformed("intermediate_size", expected: "four times the width, \(4 * width)")
        }
        if let epsilon = try tower.number("layer_norm_eps"), abs(epsilon - 1e-5) > 1e-9 {
            throw tower.malformed("layer_norm_eps", expected: "0.00001")
        }
    }

    private static func huggingFacePreprocessing(_ folder: String) throws(WeightsError) -> Preprocessing {
        let path = folder + "/" + huggingFacePreprocessing
        guard fileExists(path) else { return preprocessing }
        let object = try JSONObject.read(path: path)
        // Pillow's numbers: 2 bilinear, 3 bicubic.
        let resample = try object.number("resample") ?? 3
        guard resample == 2 || resample == 3 else { throw object.malformed("resample", expected: "2 or 3") }
        return try preprocessing(object, mean: "image_mean", std: "image_std", isBicubic: resample == 3)
    }
}
