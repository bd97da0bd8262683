import Core
import Foundation
import Testing

/// `fsacctl adapt` with a tiny CLIP of random weights: from a data set to a backbone.
@Suite struct AdaptTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "adapt-\(UUID().uuidString)")
        try write("clip/open_clip_config.json", Data(Self.configuration.utf8))
        try write("clip/merges.txt", Data("#version: 0.2\nt h\nth e</w>\n".utf8))
        try Safetensors.write(Self.tensors, to: folder.path + "/clip/open_clip_model.safetensors")
        let mask = Image(
            height: Pictures.height, width: Pictures.width,
            pixels: (0..<Pictures.height * Pictures.width).flatMap { pixel -> [UInt8] in
                let (row, column) = (pixel / Pictures.width, pixel % Pictures.width)
                let isBlot = abs(row - Pictures.height / 3) < 12 && abs(column - Pictures.width / 2) < 12
                return [UInt8](repeating: isBlot ? 255 : 0, count: 3)
            })
        for number in 0..<2 {
            try write("set/train/good/\(number).jpg", Data(Pictures.good(UInt64(number))))
            try write("set/test/good/\(number).jpg", Data(Pictures.good(UInt64(number + 10))))
            try write("set/test/blot/\(number).jpg", Data(Pictures.defective(UInt64(number))))
            try write("set/ground_truth/blot/\(number)_mask.png", Data(mask.pngBytes()))
        }
    }

    private func write(_ path: String, _ data: Data) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file)
    }

    private static let configuration = """
        {"model_cfg": {"embed_dim": 12,
          "vision_cfg": {"image_size": 32, "layers": 2, "width": 16, "head_width": 8, "patch_size": 8},
          "text_cfg": {"context_length": 20, "vocab_size": 516, "width": 16, "heads": 2, "layers": 2}}}
        """

    private static var tensors: [String: Tensor] {
        var random = SplitMix64(seed: 9)
        var shapes: [String: [Int]] = [
            "visual.class_embedding": [16], "visual.positional_embedding": [17, 16], "visual.proj": [16, 12],
            "visual.conv1.weight": [16, 3, 8, 8], "positional_embedding": [20, 16],
            "token_embedding.weight": [516, 16], "text_projection": [16, 12],
        ]
        for tower in ["visual.", ""] {
            for block in 0..<2 {
                let path = "\(tower)transformer.resblocks.\(block)."
                let layers = [
                    ("attn.in_proj_", 48, 16), ("attn.out_proj.", 16, 16), ("mlp.c_fc.", 64, 16),
                    ("mlp.c_proj.", 16, 64),
                ]
                for (name, outputs, inputs) in layers {
                    shapes[path + name + "weight"] = [outputs, inputs]
                    shapes[path + name + "bias"] = [outputs]
                }
            }
        }
        let blocks = ["visual.", ""].flatMap { tower in
            (0..<2).flatMap {
                ["\(tower)transformer.resblocks.\($0).ln_1", "\(tower)transformer.resblocks.\($0).ln_2"]
            }
        }
        var result: [String: Tensor] = [:]
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let values = (0..<shape.reduce(1, *)).map { _ in 0.3 * random.normal() }
            result[name] = Tensor(shape: shape, values: values)
        }
        for norm in ["visual.ln_pre", "visual.ln_post", "ln_final"] + blocks {
            result[norm + ".weight"] = Tensor(shape: [16], values: [Float](repeating: 1, count: 16))
            result[norm + ".bias"] = Tensor(shape: [16])
        }
        return result
    }

    private func fsacctl(_ arguments: String...) async throws -> Program.Output {
        try await Program.run("fsacctl", arguments + ["--models", folder.path + "/models"], folder: folder.path)
    }

    @Test func aDataSetBecomesABackbone() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // scratch: a leftover harms nobody
        let imported = try await fsacctl("model", "import", folder.path + "/clip", "--name", "tiny")
        try #require(imported.exitCode == 0, "\(imported.standardError)")
        let set = folder.path + "/set"
        let adapted = try await fsacctl(
            "adapt", set, "--backbone", "tiny", "--name", "ours", "--epochs", "1,2", "--size", "32")
        try #require(adapted.exitCode == 0, "\(adapted.standardError)")
        #expect(adapted.standardOutput.contains("4 pictures (2 defective) of set"))
        #expect(adapted.standardOutput.contains("text, epoch 1: loss "))
        #expect(adapted.standardOutput.contains("image, epoch 2: loss "))
        #expect(adapted.standardOutput.contains("backbone = \"tiny@ours\""))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/models")
        #expect(left.filter { $0.contains("adaptation") }.isEmpty)
        let verified = try await fsacctl("model", "verify")
        #expect(verified.exitCode == 0, "\(verified.standardOutput)")
        let output = folder.path + "/features.safetensors"
        let embedded = try await fsacctl(
            "embed", "--backbone", "tiny@ours", set + "/test/blot/0.jpg", "--layers", "3,4",
            "--text", "a photo of the set.", "--output", output)
        try #require(embedded.exitCode == 0, "\(embedded.standardError)")
        let tensors = try Safetensors.read(path: output).tensors
        #expect(tensors["class_token"]?.shape == [12])
        #expect(tensors["layer4"]?.shape == [4, 4, 12])
        #expect(tensors["text"]?.shape == [12])
    }

    @Test func whatCannotBeTrainedIsSaid() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // scratch: a leftover harms nobody
        let set = folder.path + "/set"
        func complaint(_ arguments: String...) async throws -> String {
            let reply = try await Program.run(
                "fsacctl", ["adapt", "--name", "a", "--models", folder.path + "/models"] + arguments,
                folder: folder.path)
            #expect(reply.exitCode != 0)
            return reply.standardError
        }
        #expect(try await complaint(set, "--backbone", "tiny").contains("tiny"))
        let clip = folder.path + "/clip"
        #expect(try await complaint(set, "--backbone", clip, "--size", "33").contains("multiple of 8"))
        #expect(try await complaint(set, "--backbone", clip, "--epochs", "3").contains("5,20"))
        #expect(try await complaint(clip, "--backbone", clip).contains("expected train/good"))
        try FileManager.default.removeItem(atPath: set + "/ground_truth")
        #expect(try await complaint(set, "--backbone", clip, "--size", "32").contains("expected its mask"))
    }
}
