// Names of stored tensors: OpenCLIP's state dict (CLIP, and CustomTextCLIP with `text.` before the text tower's) and Hugging
// Face's CLIPModel.
extension CLIPTensorPlace {
    /// What a stored tensor is; nil when it does not belong to a CLIP.
    static func of(_ stored: String) -> (name: String, place: CLIPTensorPlace)? {
        // What DistributedDataParallel puts before every name.
        let bare = stored.hasPrefix("module.") ? String(stored.dropFirst("module.".count)) : stored
        if bare.hasSuffix("position_ids") || bare.hasSuffix("attn_mask") { return nil }
        if let (name, kind) = huggingFace(bare) { return (name, kind.place(stored)) }
        let inText = bare.hasPrefix("text.") ? String(bare.dropFirst("text.".count)) : bare
        guard isOpenCLIP(inText) else { return nil }
        return (inText, .stored(stored))
    }

    private static func isOpenCLIP(_ name: String) -> Bool {
        [CLIPTensors.temperature, "positional_embedding", "text_projection"].contains(name)
            || ["visual.", "transformer.", "token_embedding.", "ln_final."].contains { name.hasPrefix($0) }
    }

    private enum Kind {
        case whole
        case transposed
        case third(Int)

        func place(_ stored: String) -> CLIPTensorPlace {
            switch self {
            case .whole: .stored(stored)
            case .transposed: .transposed(stored)
            case .third(let index): .joined([index: stored])
            }
        }
    }

    private static let single: [String: String] = [
        "vision_model.embeddings.class_embedding": "visual.class_embedding",
        "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
        "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
        // Spelt so in Hugging Face's code.
        "vision_model.pre_layrnorm.weight": "visual.ln_pre.weight",
        "vision_model.pre_layrnorm.bias": "visual.ln_pre.bias",
        "vision_model.post_layernorm.weight": "visual.ln_post.weight",
        "vision_model.post_layernorm.bias": "visual.ln_post.bias",
        "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
        "text_model.embeddings.position_embedding.weight": "positional_embedding",
        "text_model.final_layer_norm.weight": "ln_final.weight",
        "text_model.final_layer_norm.bias": "ln_final.bias",
    ]

    private static let inBlock: [(theirs: String, ours: String)] = [
        ("self_attn.out_proj.", "attn.out_proj."), ("layer_norm1.", "ln_1."), ("layer_norm2.", "ln_2."),
        ("mlp.fc1.", "mlp.c_fc."), ("mlp.fc2.", "mlp.c_proj."),
    ]

    private static func huggingFace(_ name: String) -> (name: String, kind: Kind)? {
        if let ours = single[name] { return (ours, .whole) }
        if name == "visual_projection.weight" { return ("visual.proj", .transposed) }
        if name == "text_projection.weight" { return ("text_projection", .transposed) }
        for (tower, ours) in [("vision_model", "visual."), ("text_model", "")] {
            let path = tower + ".encoder.layers."
            guard name.hasPrefix(path) else { continue }
            let pieces = name.dropFirst(path.count).split(separator: ".", maxSplits: 1)
            guard pieces.count == 2, let (rest, kind) = block(String(pieces[1])) else { return nil }
            return ("\(ours)transformer.resblocks.\(pieces[0]).\(rest)", kind)
        }
        // What else the towers have is not in a plain CLIP: under a name of its own it is noticed as one too many.
        for tower in ["vision_model.", "text_model."] where name.hasPrefix(tower) { return (name, .whole) }
        return nil
    }

    private static func block(_ name: String) -> (name: String, kind: Kind)? {
        for (index, letter) in ["q", "k", "v"].enumerated() {
            if name == "self_attn.\(letter)_proj.weight" { return ("attn.in_proj_weight", .third(index)) }
            if name == "self_attn.\(letter)_proj.bias" { return ("attn.in_proj_bias", .third(index)) }
        }
        for (theirs, ours) in inBlock where name.hasPrefix(theirs) {
            return (ours + name.dropFirst(theirs.count), .whole)
        }
        return nil
    }
}
