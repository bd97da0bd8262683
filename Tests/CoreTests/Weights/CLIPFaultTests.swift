import Core
import Foundation
import Testing

@Suite struct CLIPFaultTests {
    private let scratch: ScratchFolder
    private let folder: String
    private var weights: String { folder + "/open_clip_model.safetensors" }

    init() throws {
        scratch = try ScratchFolder()
        folder = try CLIPLayouts.copy("openclip", into: scratch)
    }

    private func message(_ path: String? = nil, towers: CLIPTowers = .all) -> String {
        failure { () throws(WeightsError) in try CLIPLayouts.load(path ?? folder, towers: towers) }.map { "\($0)" }
            ?? "read"
    }

    private func change(_ change: (inout [String: Tensor]) -> Void) throws {
        var tensors = try Safetensors.read(path: weights).tensors
        change(&tensors)
        try Safetensors.write(tensors, to: weights)
    }

    @Test func aMissingTensorIsNamedWhicheverTowersAreAskedFor() throws {
        try change { $0["transformer.resblocks.1.mlp.c_fc.bias"] = nil }
        for towers in [CLIPTowers.all, .text, .image] {
            #expect(message(towers: towers).contains("transformer.resblocks.1.mlp.c_fc.bias: expected [32]"))
        }
    }

    @Test func aMissingThirdOfAttentionIsNamed() throws {
        let path = try CLIPLayouts.copy("huggingface", into: scratch)
        var tensors = try Safetensors.read(path: path + "/model.safetensors").tensors
        tensors["vision_model.encoder.layers.0.self_attn.k_proj.weight"] = nil
        try Safetensors.write(tensors, to: path + "/model.safetensors")
        #expect(message(path).contains("visual.transformer.resblocks.0.attn.in_proj_weight: expected [24, 8]"))
    }

    @Test func aTensorOfAnotherShapeIsNamedWithBoth() throws {
        try change { $0["visual.proj"] = Tensor(shape: [6, 8]) }
        #expect(message().contains("visual.proj: expected [8, 6] as"))
        #expect(message().contains("got [6, 8]"))
    }

    @Test func aTensorThatAPlainCLIPDoesNotHaveIsNamed() throws {
        try change { $0["visual.attn_pool.query"] = Tensor(shape: [2]) }
        #expect(message().contains("visual.attn_pool.query: expected no such tensor"))
    }

    @Test(arguments: [Float.nan, .infinity])
    func anInfiniteNumberIsNamedWhereItIsRead(value: Float) throws {
        let whole = try Safetensors.read(path: weights)
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: weights)))
        let target = try #require(whole.tensors["visual.class_embedding"])
        let wanted = target.values.withUnsafeBytes { Array($0) }
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: wanted) })
        var damaged = bytes
        damaged.replaceSubrange(start + 8..<start + 12, with: littleEndian(value.bitPattern))
        try Data(damaged).write(to: URL(filePath: weights))
        let model = try CLIPLayouts.load(folder)
        let expected = WeightsError.notFinite(file: weights, tensor: "visual.class_embedding", index: 2)
        #expect(
            failure { () throws(WeightsError) in try model.scope.tensor("visual.class_embedding", [8]) } == expected)
        #expect(failure { () throws(WeightsError) in try model.verify() } == expected)
        // And nothing of it is imported.
        let models = ModelsDirectory(path: scratch.path + "/models")
        let importer = WeightsImport(
            file: folder, name: "tiny", architecture: nil, source: "", licence: "", directory: models)
        #expect(failure { () throws(WeightsError) in try importer.run() } == expected)
        #expect(((try? FileManager.default.contentsOfDirectory(atPath: models.path)) ?? []).isEmpty)
    }

    @Test func filesThatAreCutShortAreRefused() throws {
        for (path, name) in [
            (folder, "open_clip_model.safetensors"),
            (try CLIPLayouts.copy("checkpoint", into: scratch), "tiny-epoch_32.pt"),
            (try CLIPLayouts.copy("bfloat16", into: scratch), "pytorch_model.bin"),
        ] {
            let whole = try Data(contentsOf: URL(filePath: path + "/" + name))
            for count in stride(from: 0, to: whole.count, by: 997) {
                try whole.prefix(count).write(to: URL(filePath: path + "/" + name))
                #expect(message(path) != "read", "\(name) cut at \(count)")
            }
        }
    }

    @Test func aFileThatShrinksWhileItIsInUseFailsAtTheNextLookUp() throws {
        let model = try CLIPLayouts.load(folder)
        let handle = try FileHandle(forWritingTo: URL(filePath: weights))
        try handle.truncate(atOffset: 10_000)
        try handle.close()
        let error = failure { () throws(WeightsError) in try model.verify() }
        #expect(error.map { "\($0)" }?.contains("cut short") == true)
    }

    @Test func aProgramIsRefusedByName() throws {
        let path = scratch.path + "/openai"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: CLIPLayouts.path("torchscript.pt"), toPath: path + "/ViT-B-32.pt")
        #expect(message(path).contains("refused: it is a TorchScript archive"))
        #expect(message(path).contains("OpenCLIP's or Hugging Face's file"))
    }

    @Test func aPickleThatWouldCallSomethingIsRefused() throws {
        let path = try CLIPLayouts.copy("checkpoint", into: scratch) + "/tiny-epoch_32.pt"
        var bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
        let name = Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8)
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
        var call = Array("cos\nsystem\n".utf8)
        // The same number of bytes, so that the archive around it stays whole; names of modules have no limit.
        call =
            Array("cos".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: name.count - call.count)
            + Array("\nsystem\n".utf8)
        bytes.replaceSubrange(start..<start + name.count, with: call)
        try Data(bytes).write(to: URL(filePath: path))
        let message = message(scratch.path + "/checkpoint")
        #expect(message.contains("refused: it names os") && message.contains(".system"), "\(message)")
    }

    @Test func withoutAConfigurationTheFilesThatAreExpectedAreNamed() throws {
        try FileManager.default.removeItem(atPath: folder + "/open_clip_config.json")
        #expect(
            message().contains(
                "expected open_clip_config.json or config.json beside it, got none: sizes of heads and the"))
    }

    @Test func aFolderWithoutWeightsOrWithTwoSaysSo() throws {
        let empty = scratch.path + "/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        #expect(message(empty).contains("open_clip_model.safetensors or model.safetensors"))
        for name in ["a.pt", "b.pt"] { try Data().write(to: URL(filePath: empty + "/" + name)) }
        #expect(message(empty).contains("got a.pt, b.pt"))
    }

    @Test func anImportedModelThatWasChangedIsRefused() throws {
        let models = ModelsDirectory(path: scratch.path + "/models")
        _ = try WeightsImport(
            file: folder, name: "tiny", architecture: nil, source: "", licence: "", directory: models
        ).run()
        let list = models.vocabularyPath("tiny")
        let text = try String(contentsOfFile: list, encoding: .utf8)
        let lines = text.split(separator: "\n").map(String.init)
        try ([lines[0]] + lines[2...] + [lines[1]]).joined(separator: "\n").write(
            toFile: list, atomically: true, encoding: .utf8)
        let swapped = failure { () throws(WeightsError) in try ModelWeights.load("tiny", modelsDirectory: models) }
        #expect(swapped != nil)
        try text.write(toFile: list, atomically: true, encoding: .utf8)
        // One bit of the image tower, and the text tower does not load either.
        var bytes = try [UInt8](Data(contentsOf: URL(filePath: models.weightsPath("tiny"))))
        bytes[bytes.count - 1] ^= 1
        try Data(bytes).write(to: URL(filePath: models.weightsPath("tiny")))
        for towers in [CLIPTowers.text, .image] {
            let error = failure { () throws(WeightsError) in
                try ModelWeights.load("tiny", modelsDirectory: models, towers: towers)
            }
            #expect(error.map { "\($0)" }?.contains("expected sha-256") == true)
        }
    }

    @Test func aDamagedVocabularySaysWhere() throws {
        let list = try CLIPLayouts.copy("huggingface", into: scratch) + "/merges.txt"
        let path = scratch.path + "/huggingface"
        let text = try String(contentsOfFile: list, encoding: .utf8)
        var lines = text.split(separator: "\n").map(String.init)
        try lines.dropLast().joined(separator: "\n").write(toFile: list, atomically: true, encoding: .utf8)
        #expect(message(path).contains("merges: expected 6 for the model's 520 tokens, got 5"))
        lines[2] = "nothing known"
        try lines.joined(separator: "\n").write(toFile: list, atomically: true, encoding: .utf8)
        #expect(message(path).contains("merge 2: expected two tokens that are there already, got `nothing known`"))
        try text.write(toFile: list, atomically: true, encoding: .utf8)
        let numbers = path + "/vocab.json"
        let json = try String(contentsOfFile: numbers, encoding: .utf8)
        try json.replacingOccurrences(of: "\"!\": 0", with: "\"!\": 7").write(
            toFile: numbers, atomically: true, encoding: .utf8)
        #expect(message(path).contains("vocab.json: `!`: expected token 0, got 7"))
        let compressed = folder + "/bpe_simple_vocab_16e6.txt.gz"
        let whole = try Data(contentsOf: URL(filePath: compressed))
        try whole.prefix(whole.count - 9).write(to: URL(filePath: compressed))
        #expect(message().contains("expected a whole gzip file"))
    }
}
