import Core
import Foundation
import Testing

@Suite struct CLIPWeightsTests {
    @Test(arguments: CLIPLayouts.folders)
    func everyLayoutGivesTheSameModel(folder: String) throws {
        let path = try CLIPLayouts.path(folder)
        let model = try CLIPLayouts.load(path)
        #expect(model.sidecar.architecture == .clip)
        #expect(model.sidecar.clip == CLIPLayouts.configuration)
        #expect(model.sidecar.inputMultiple == 4)
        let reference = try CLIPLayouts.load(try CLIPLayouts.path(CLIPLayouts.openCLIP))
        // Half precision keeps 11 bits of a number, bfloat16 8.
        let tolerance: Float = ["checkpoint": 0x1p-11, "bfloat16": 0x1p-8][folder] ?? 0
        for (name, shape) in CLIPLayouts.tensors {
            let ours = try model.scope.tensor(name, shape)
            let theirs = try reference.scope.tensor(name, shape)
            let isClose = zip(ours.values, theirs.values).allSatisfy {
                abs($0 - $1) <= tolerance * abs($1) + 1e-7 * tolerance
            }
            #expect(isClose, "\(name)")
        }
        #expect(model.vocabulary == reference.vocabulary)
        #expect(model.vocabulary?.start == 518 && model.vocabulary?.end == 519)
    }

    @Test func preprocessingIsThatOfTheModelsOwnFiles() throws {
        for folder in ["openclip", "huggingface"] {
            let preprocessing = try CLIPLayouts.load(try CLIPLayouts.path(folder)).sidecar.preprocessing
            #expect(preprocessing.mean == [0.5, 0.25, 0.125] && preprocessing.std == [0.25, 0.5, 1])
        }
        // Without them it is what OpenAI trained with.
        let plain = try CLIPLayouts.load(try CLIPLayouts.path("bfloat16")).sidecar.preprocessing
        #expect(plain.mean == [0.48145466, 0.4578275, 0.40821073])
    }

    @Test func aTowerComesWithoutTheOther() throws {
        let path = try CLIPLayouts.path(CLIPLayouts.openCLIP)
        let image = try CLIPLayouts.load(path, towers: .image)
        #expect(image.scope.contains("visual.conv1.weight") && !image.scope.contains("token_embedding.weight"))
        #expect(image.vocabulary == nil)
        let text = try CLIPLayouts.load(path, towers: .text)
        #expect(!text.scope.contains("visual.conv1.weight") && text.scope.contains("token_embedding.weight"))
        #expect(text.vocabulary != nil)
        // Nobody looks at the vocabulary for the image tower.
        let scratch = try ScratchFolder()
        let copy = try CLIPLayouts.copy("openclip", into: scratch)
        try FileManager.default.removeItem(atPath: copy + "/bpe_simple_vocab_16e6.txt.gz")
        #expect(failure { () throws(WeightsError) in try CLIPLayouts.load(copy, towers: .image) } == nil)
        #expect(
            failure { () throws(WeightsError) in try CLIPLayouts.load(copy, towers: .text) }.map { "\($0)" }?
                .contains("bpe_simple_vocab_16e6.txt.gz or merges.txt or tokenizer.json") == true)
    }

    @Test(arguments: CLIPLayouts.folders)
    func anImportedModelIsTheOneInTheFolder(folder: String) throws {
        let scratch = try ScratchFolder()
        let models = ModelsDirectory(path: scratch.path + "/models")
        let source = try CLIPLayouts.path(folder)
        let importer = WeightsImport(
            file: source, name: "tiny", architecture: nil, source: "a test", licence: "none", directory: models)
        let sidecar = try importer.run().sidecar
        #expect(models.names == ["tiny"])
        let model = try ModelWeights.load("tiny", modelsDirectory: models)
        let original = try CLIPLayouts.load(source)
        #expect(model.sidecar == sidecar && sidecar.clip == CLIPLayouts.configuration)
        #expect(model.vocabulary == original.vocabulary)
        for (name, shape) in CLIPLayouts.tensors {
            #expect(try model.scope.tensor(name, shape) == original.scope.tensor(name, shape), "\(name)")
        }
        try model.verify()
        // Half the bytes stay half the bytes.
        let bytes = try Data(contentsOf: URL(filePath: models.weightsPath("tiny"))).count
        #expect(["checkpoint", "bfloat16"].contains(folder) ? bytes < 25_000 : bytes > 30_000)
        // Once more gives the same bytes.
        #expect(try importer.run().sidecar == sidecar)
    }

    @Test func theTextTowerOfCustomTextCLIPIsFound() throws {
        let scratch = try ScratchFolder()
        let copy = try CLIPLayouts.copy("openclip", into: scratch)
        try rewrite(copy) { tensors in
            for (name, tensor) in tensors where !name.hasPrefix("visual.") && name != "logit_scale" {
                tensors[name] = nil
                tensors["text." + name] = tensor
            }
        }
        let model = try CLIPLayouts.load(copy)
        #expect(try model.scope.tensor("ln_final.bias", [8]).values.count == 8)
    }

    @Test func whatTheConfigurationSaysAndTheWeightsDoNotIsNamed() throws {
        for (key, old, new, tensor) in [
            ("width", "\"width\": 8", "\"width\": 12", "ln_final.bias"),
            ("layers", "\"layers\": 2", "\"layers\": 3", "resblocks.2."),
            ("fewer layers", "\"layers\": 2", "\"layers\": 1", "resblocks.1."),
            ("patch", "\"patch_size\": 4", "\"patch_size\": 2", "visual.conv1.weight"),
            ("context", "\"context_length\": 8", "\"context_length\": 9", "positional_embedding"),
        ] {
            let scratch = try ScratchFolder()
            let copy = try CLIPLayouts.copy("openclip", into: scratch)
            try edit(copy + "/open_clip_config.json", old, new)
            let message = failure { () throws(WeightsError) in try CLIPLayouts.load(copy, towers: .image) }.map {
                "\($0)"
            }
            #expect(message?.contains(tensor) == true, "\(key): \(message ?? "read")")
            #expect(message?.contains("open_clip_config.json describes") == true, "\(key): \(message ?? "read")")
        }
    }

    @Test(arguments: [
        (
            "openclip/open_clip_config.json", "\"head_width\": 4", "\"timm_model_name\": \"x\"",
            "model_cfg.vision_cfg.timm_model_name"
        ),
        (
            "openclip/open_clip_config.json", "\"head_width\": 4", "\"mlp_ratio\": 3",
            "model_cfg.vision_cfg.mlp_ratio: expected 4, got 3"
        ),
        ("openclip/open_clip_config.json", "\"heads\": 2", "\"hf_model_name\": \"y\"", "hf_model_name"),
        ("openclip/open_clip_config.json", "\"heads\": 2", "\"heads\": 3", "heads of the text tower"),
        ("openclip/open_clip_config.json", "0.25", "-1", "preprocess_cfg"),
        ("huggingface/config.json", "\"quick_gelu\"", "\"relu\"", "vision_config.hidden_act"),
        ("huggingface/config.json", "1e-05", "1e-06", "layer_norm_eps: expected 0.00001"),
        (
            "huggingface/config.json", "\"intermediate_size\": 32", "\"intermediate_size\": 16",
            "intermediate_size: expected four times"
        ),
        ("huggingface/config.json", "\"clip\"", "\"siglip\"", "model_type: expected \"clip\", got \"siglip\""),
        ("huggingface/config.json", "{", "[", "expected a JSON object"),
        // Foundation reads it, and takes seconds and megabytes of stack for it.
        (
            "huggingface/config.json", "\"clip\"",
            "\"clip\", \"x\": " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500),
            "expected a JSON object"
        ),
    ])
    func aConfigurationOfAnotherNetworkIsRefusedByItsKey(file: String, old: String, new: String, expected: String)
        throws
    {
        let scratch = try ScratchFolder()
        let folder = String(file.prefix { $0 != "/" })
        _ = try CLIPLayouts.copy(folder, into: scratch)
        try edit(scratch.path + "/" + file, old, new)
        let error = failure { () throws(WeightsError) in try CLIPLayouts.load(scratch.path + "/" + folder) }
        let message = error.map { "\($0)" } ?? "read"
        #expect(message.contains(expected) && message.contains(file), "\(message)")
    }

    private func edit(_ path: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func rewrite(_ folder: String, _ change: (inout [String: Tensor]) -> Void) throws {
        let path = folder + "/open_clip_model.safetensors"
        var tensors = try Safetensors.read(path: path).tensors
        change(&tensors)
        try Safetensors.write(tensors, to: path)
    }
}
