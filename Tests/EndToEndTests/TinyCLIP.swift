import Core
import Foundation

/// A CLIP of random weights in a folder as OpenCLIP has it: small enough to be made for a test, and complete.
enum TinyCLIP {
    private static let merges = ["a n", "o b", "ob j", "t h", "th e</w>", "p h"]
    private static let (imageWidth, textWidth, embeddingWidth, vocabulary) = (32, 32, 24, 514 + merges.count)
    private static let (side, patch, imageDepth, textDepth, context) = (40, 8, 3, 2, 77)

    static func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var random = SplitMix64(seed: 7)
        var tensors: [String: Tensor] = [:]
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let isGain =
                name.hasSuffix("ln_1.weight") || name.hasSuffix("ln_2.weight")
                || name.contains("ln_p")
                    && name.hasSuffix("weight")
                || name == "ln_final.weight"
            let scale = shape.count > 1 ? 1 / Float(shape.dropFirst().reduce(1, *)).squareRoot() : 0.1
            tensors[name] = Tensor(
                shape: shape, values: (0..<shape.reduce(1, *)).map { _ in (isGain ? 1 : 0) + scale * random.normal() })
        }
        _ = try Safetensors.write(tensors, metadata: [:], to: folder + "/open_clip_model.safetensors")
        let configuration = """
            {"model_cfg": {"embed_dim": \(embeddingWidth),
              "vision_cfg": {"image_size": \(side), "layers": \(imageDepth), "width": \(imageWidth), "head_width": 16,
                "patch_size": \(patch)},
              "text_cfg": {"context_length": \(context), "vocab_size": \(vocabulary), "width": \(textWidth), "heads": 2,
                "layers": \(textDepth)}},
             "preprocess_cfg": {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28], "interpolation": "bicubic"}}
            """
        try Data(configuration.utf8).write(to: URL(filePath: folder + "/open_clip_config.json"))
        try Data((["#version: 0.2"] + merges).joined(separator: "\n").utf8)
            .write(to: URL(filePath: folder + "/merges.txt"))
    }

    private static var shapes: [String: [Int]] {
        var table = [
            "visual.class_embedding": [imageWidth],
            "visual.positional_embedding": [side / patch * (side / patch) + 1, imageWidth],
            "visual.conv1.weight": [imageWidth, 3, patch, patch], "visual.proj": [imageWidth, embeddingWidth],
            "token_embedding.weight": [vocabulary, textWidth], "positional_embedding": [context, textWidth],
            "text_projection": [textWidth, embeddingWidth],
        ]
        for (name, width) in [("visual.ln_pre", imageWidth), ("visual.ln_post", imageWidth), ("ln_final", textWidth)] {
            table[name + ".weight"] = [width]
            table[name + ".bias"] = [width]
        }
        for (path, width, depth) in [
            ("visual.transformer.resblocks", imageWidth, imageDepth), ("transformer.resblocks", textWidth, textDepth),
        ] {
            for block in 0..<depth {
                let path = "\(path).\(block)."
                table[path + "attn.in_proj_weight"] = [3 * width, width]
                table[path + "attn.in_proj_bias"] = [3 * width]
                for (name, outputs, inputs) in [
                    ("attn.out_proj", width, width), ("mlp.c_fc", 4 * width, width), ("mlp.c_proj", width, 4 * width),
                ] {
                    table[path + name + ".weight"] = [outputs, inputs]
                    table[path + name + ".bias"] = [outputs]
                }
                for name in ["ln_1", "ln_2"] {
                    table[path + name + ".weight"] = [width]
                    table[path + name + ".bias"] = [width]
                }
            }
        }
        return table
    }
}
