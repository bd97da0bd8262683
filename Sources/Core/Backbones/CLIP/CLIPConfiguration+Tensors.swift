/// Which of CLIP's towers are meant.
package enum CLIPTowers: Sendable {
    case image
    case text
    case all
}

extension CLIPConfiguration {
    /// The tensors of the towers by the names of OpenCLIP's state dict, with their shapes. Linear layers are
    /// `[outputs, inputs]`, the two projections into the common space `[inputs, outputs]`.
    package func expectedTensors(_ towers: CLIPTowers) -> [String: [Int]] {
        var table: [String: [Int]] = [:]
        if towers != .text { addImageTower(&table) }
        if towers != .image { addTextTower(&table) }
        return table
    }

    private func addImageTower(_ table: inout [String: [Int]]) {
        let side = image.size / image.patchSize
        table["visual.class_embedding"] = [image.width]
        table["visual.positional_embedding"] = [side * side + 1, image.width]
        table["visual.conv1.weight"] = [image.width, 3, image.patchSize, image.patchSize]
        table["visual.proj"] = [image.width, embeddingWidth]
        Self.addPair("visual.ln_pre", [image.width], image.width, &table)
        Self.addPair("visual.ln_post", [image.width], image.width, &table)
        Self.addBlocks("visual.transformer.resblocks", width: image.width, depth: image.depth, &table)
    }

    private func addTextTower(_ table: inout [String: [Int]]) {
        table["token_embedding.weight"] = [text.vocabularySize, text.width]
        table["positional_embedding"] = [text.contextLength, text.width]
        table["text_projection"] = [text.width, embeddingWidth]
        Self.addPair("ln_final", [text.width], text.width, &table)
        Self.addBlocks("transformer.resblocks", width: text.width, depth: text.depth, &table)
    }

    private static func addBlocks(_ path: String, width: Int, depth: Int, _ table: inout [String: [Int]]) {
        for block in 0..<depth {
            let path = "\(path).\(block)."
            table[path + "attn.in_proj_weight"] = [3 * width, width]
            table[path + "attn.in_proj_bias"] = [3 * width]
            addPair(path + "attn.out_proj", [width, width], width, &table)
            addPair(path + "ln_1", [width], width, &table)
            addPair(path + "ln_2", [width], width, &table)
            addPair(path + "mlp.c_fc", [4 * width, width], 4 * width, &table)
            addPair(path + "mlp.c_proj", [width, 4 * width], width, &table)
        }
    }

    private static func addPair(_ name: String, _ weight: [Int], _ bias: Int, _ table: inout [String: [Int]]) {
        table[name + ".weight"] = weight
        table[name + ".bias"] = [bias]
    }
}
