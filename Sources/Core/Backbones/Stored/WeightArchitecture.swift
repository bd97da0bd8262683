/// A network whose weights can be imported, with the names and shapes of all its tensors.
package enum WeightArchitecture: String, Codable, Sendable, CaseIterable {
    case efficientNetLite0 = "efficientnet-lite0"
    case dinoV2Small = "dinov2-small"
    /// Its first eight blocks, post-trained for distances between patches (docs/backbone.md).
    case fsacViTSmall = "fsac-vit-small"
    /// Of any size: the sizes are in the model's configuration, ``CLIPConfiguration``.
    case clip
    /// What AA-CLIP trains for a CLIP, ``AAClipAdapters``: no backbone by itself.
    case aaClipAdapters = "aa-clip-adapters"

    /// Those whose sizes are always the same.
    package static let fixed: [WeightArchitecture] = [.efficientNetLite0, .dinoV2Small, .fsacViTSmall]

    /// The side of the square input is a multiple of this, in pixels; nil where the configuration says it.
    package var inputMultiple: Int? {
        switch self {
        case .efficientNetLite0: 32
        case .dinoV2Small, .fsacViTSmall: 14
        case .clip, .aaClipAdapters: nil
        }
    }

    /// How the network's training prepared pictures.
    package var preprocessing: Preprocessing {
        switch self {
        case .efficientNetLite0:
            // (pixel - 127) / 128: lite/efficientnet_lite_builder.py of tensorflow/tpu.
            Preprocessing(
                mean: [Float](repeating: 127 / 255, count: 3), std: [Float](repeating: 128 / 255, count: 3),
                interpolation: .bicubic)
        case .dinoV2Small, .fsacViTSmall:
            // ImageNet's mean and deviation: dinov2/data/transforms.py of facebookresearch/dinov2.
            Preprocessing(mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], interpolation: .bicubic)
        case .clip, .aaClipAdapters: CLIPDescription.preprocessing
        }
    }

    /// Every tensor of the network by the name it has in its original file, with its shape; none where the configuration
    /// says it.
    package var expectedTensors: [String: [Int]] {
        var table: [String: [Int]] = [:]
        switch self {
        case .efficientNetLite0: Self.addEfficientNetLite0(&table)
        case .dinoV2Small:
            Self.addDINOv2(&table, width: 384, blocks: 12, patch: 14, positions: 37 * 37 + 1)
            Self.addNorm("layernorm", 384, &table)
        case .fsacViTSmall: Self.addDINOv2(&table, width: 384, blocks: 8, patch: 14, positions: 37 * 37 + 1)
        case .clip, .aaClipAdapters: break
        }
        return table
    }

    /// The architecture of fixed size all of whose tensors are in a file, of several the one with the most; nil when there is none.
    static func recognised(in names: some Collection<String>) -> WeightArchitecture? {
        let names = Set(names)
        return fixed.first { names.isSuperset(of: $0.expectedTensors.keys) }
    }
}

// Tables. Convolutions are [outputs, inputs per group, height, width], linear layers [outputs, inputs].
extension WeightArchitecture {
    /// Stages as (blocks, kernel, expansion, outputs); names of efficientnet-lite-pytorch 0.1.0.
    private static let liteStages = [
        (1, 3, 1, 16), (2, 3, 6, 24), (2, 5, 6, 40), (3, 3, 6, 80), (3, 5, 6, 112), (4, 5, 6, 192), (1, 3, 6, 320),
    ]

    private static func addEfficientNetLite0(_ table: inout [String: [Int]]) {
        var inputs = 32
        var block = 0
        table["_conv_stem.weight"] = [inputs, 3, 3, 3]
        addBatchNorm("_bn0", inputs, &table)
        for (blocks, kernel, expansion, outputs) in liteStages {
            for _ in 0..<blocks {
                let path = "_blocks.\(block)."
                let expanded = inputs * expansion
                if expansion != 1 {
                    table[path + "_expand_conv.weight"] = [expanded, inputs, 1, 1]
                    addBatchNorm(path + "_bn0", expanded, &table)
                }
                table[path + "_depthwise_conv.weight"] = [expanded, 1, kernel, kernel]
                addBatchNorm(path + "_bn1", expanded, &table)
                table[path + "_project_conv.weight"] = [outputs, expanded, 1, 1]
                addBatchNorm(path + "_bn2", outputs, &table)
                inputs = outputs
                block += 1
            }
        }
        table["_conv_head.weight"] = [1280, inputs, 1, 1]
        addBatchNorm("_bn1", 1280, &table)
        addLinear("_fc", outputs: 1000, inputs: 1280, &table)
    }

    /// Names of Hugging Face's `facebook/dinov2-small`.
    private static func addDINOv2(
        _ table: inout [String: [Int]], width: Int, blocks: Int, patch: Int, positions: Int
    ) {
        table["embeddings.cls_token"] = [1, 1, width]
        table["embeddings.position_embeddings"] = [1, positions, width]
        table["embeddings.patch_embeddings.projection.weight"] = [width, 3, patch, patch]
        table["embeddings.patch_embeddings.projection.bias"] = [width]
        for block in 0..<blocks {
            let path = "encoder.layer.\(block)."
            addNorm(path + "norm1", width, &table)
            for layer in ["attention.query", "attention.key", "attention.value", "output.dense"] {
                addLinear(path + "attention." + layer, outputs: width, inputs: width, &table)
            }
            table[path + "layer_scale1.lambda1"] = [width]
            addNorm(path + "norm2", width, &table)
            addLinear(path + "mlp.fc1", outputs: 4 * width, inputs: width, &table)
            addLinear(path + "mlp.fc2", outputs: width, inputs: 4 * width, &table)
            table[path + "layer_scale2.lambda1"] = [width]
        }
    }

    private static func addLinear(_ name: String, outputs: Int, inputs: Int, _ table: inout [String: [Int]]) {
        table[name + ".weight"] = [outputs, inputs]
        table[name + ".bias"] = [outputs]
    }

    private static func addNorm(_ name: String, _ width: Int, _ table: inout [String: [Int]]) {
        table[name + ".weight"] = [width]
        table[name + ".bias"] = [width]
    }

    private static func addBatchNorm(_ name: String, _ channels: Int, _ table: inout [String: [Int]]) {
        addNorm(name, channels, &table)
        table[name + ".running_mean"] = [channels]
        table[name + ".running_var"] = [channels]
    }
}
