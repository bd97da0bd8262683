extension CLIPDescription {
    /// OpenCLIP's `open_clip_config.json`, or one of its `model_configs`, which lacks the outer level. What a key's absence
    /// means is what `CLIPVisionCfg` and `CLIPTextCfg` of OpenCLIP's model.py say.
    static func openCLIP(_ file: JSONObject) throws(WeightsError) -> CLIPDescription {
        let model = try file.object("model_cfg") ?? file
        try model.allow([
            "embed_dim", "vision_cfg", "text_cfg", "quick_gelu", "custom_text", "init_logit_scale", "init_logit_bias",
            "nonscalar_logit_scale", "cast_dtype", "output_dict", "multimodal_cfg", "preprocess_cfg",
        ])
        guard let vision = try model.object("vision_cfg") else {
            throw model.malformed("vision_cfg", expected: "an object")
        }
        guard let text = try model.object("text_cfg") else { throw model.malformed("text_cfg", expected: "an object") }
        let configuration = CLIPConfiguration(
            embeddingWidth: try model.size("embed_dim"), image: try openCLIPImage(vision), text: try openCLIPText(text),
            activation: try model.truth("quick_gelu") ? .quickGELU : .gelu)
        return CLIPDescription(
            configuration: configuration, preprocessing: try openCLIPPreprocessing(file), source: file.file)
    }

    private static func openCLIPImage(_ vision: JSONObject) throws(WeightsError) -> CLIPConfiguration.ImageTower {
        // Dropping patches is for training alone.
        try vision.allow([
            "image_size", "layers", "width", "patch_size", "head_width", "mlp_ratio", "patch_dropout", "pool_type",
        ])
        try checkCommon(vision, pool: "tok")
        let width = try vision.size("width", default: 768)
        let headWidth = try vision.size("head_width", default: 64)
        guard width % headWidth == 0 else { throw vision.malformed("width", expected: "a multiple of \(headWidth)") }
        return CLIPConfiguration.ImageTower(
            size: try vision.size("image_size", default: 224), patchSize: try vision.size("patch_size", default: 16),
            width: width, depth: try vision.size("layers", default: 12), heads: width / headWidth)
    }

    private static func openCLIPText(_ text: JSONObject) throws(WeightsError) -> CLIPConfiguration.TextTower {
        try text.allow([
            "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "pool_type", "proj_type", "pad_id",
        ])
        try checkCommon(text, pool: "argmax")
        if let type = try text.text("proj_type"), type != "linear" {
            throw text.malformed("proj_type", expected: "\"linear\"")
        }
        return CLIPConfiguration.TextTower(
            contextLength: try text.size("context_length", default: 77),
            vocabularySize: try text.size("vocab_size", default: 49408), width: try text.size("width", default: 512),
            depth: try text.size("layers", default: 12), heads: try text.size("heads", default: 8))
    }

    private static func checkCommon(_ tower: JSONObject, pool: String) throws(WeightsError) {
        if let ratio = try tower.number("mlp_ratio"), ratio != 4 { throw tower.malformed("mlp_ratio", expected: "4") }
        if let type = try tower.text("pool_type"), type != pool {
            throw tower.malformed("pool_type", expected: "\"\(pool)\"")
        }
    }

    /// How the picture gets its shape (`resize_mode`) is not asked: the inspected region is squashed to a square.
    private static func openCLIPPreprocessing(_ file: JSONObject) throws(WeightsError) -> Preprocessing {
        guard let preprocess = try file.object("preprocess_cfg") else { return preprocessing }
        let interpolation = try preprocess.text("interpolation") ?? "bicubic"
        guard ["bicubic", "bilinear", "random"].contains(interpolation) else {
            throw preprocess.malformed("interpolation", expected: "\"bicubic\" or \"bilinear\"")
        }
        return try preprocessing(preprocess, mean: "mean", std: "std", isBicubic: interpolation != "bilinear")
    }
}
