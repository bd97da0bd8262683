import Core
import Foundation
import Testing

@Suite struct CLIPModelTests {
    /// The fixture's weights in a folder as OpenCLIP has it, without a vocabulary: that is read with the text tower only.
    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "clip-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // With as many tokens as a byte pair vocabulary has at least.
        var tensors = try CLIPFixture().networkTensors
        tensors["token_embedding.weight"] = Tensor(shape: [520, 32])
        _ = try Safetensors.write(
            tensors, metadata: [:], to: folder.appending(path: "open_clip_model.safetensors").path)
        let configuration = """
            {"model_cfg": {"embed_dim": 24,
              "vision_cfg": {"image_size": 40, "layers": 3, "width": 40, "head_width": 20, "patch_size": 8},
              "text_cfg": {"context_length": 12, "vocab_size": 520, "width": 32, "heads": 2, "layers": 2}}}
            """
        try Data(configuration.utf8).write(to: folder.appending(path: "open_clip_config.json"))
        return folder
    }

    @Test func aFolderOfOpenCLIPIsABackbone() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }  // what is left is in the temporary folder
        let model = try BackboneModel.load(folder.path, modelsDirectory: ModelsDirectory(path: folder.path))
        #expect(model.inputMultiple == 8 && model.defaultInputSize == 40 && model.autoInputSize == 40)
        #expect(model.layerCount == 4 && model.textLayers == [4] && model.readsText)
        #expect(model.defaultLayers == [1] && model.stages.map(\.layer) == [1, 1])
        #expect([39, 40, 47, 224].map(model.inputSize(upTo:)) == [32, 40, 40, 40])
        let features = model.makeBackbone(inputSize: 40, parallelism: Parallelism(threads: 2))
            .features(of: BackboneFixture.input(size: 40), FeatureRequest(finalTokens: true))
        let difference = try CLIPFixture().difference(try #require(features.classToken), from: "size40.class_token")
        #expect(difference == nil)
    }

    @Test func aCLIPAloneTakesTheInputSizeThatIsAskedForAndJoinedItsOwnAtMost() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }  // what is left is in the temporary folder
        let model = try BackboneModel.load(folder.path, modelsDirectory: ModelsDirectory(path: folder.path))
        let image = Image(height: 48, width: 48, pixels: [UInt8](repeating: 90, count: 48 * 48 * 3))
        func grid(_ model: BackboneModel) -> PatchGrid? {
            FeatureExtractor(model, inputSize: 48, parallelism: .serial)
                .features(of: image, FeatureRequest(layers: [1])).layers[1]?.grid
        }
        #expect(grid(model) == PatchGrid(rows: 6, columns: 6))
        #expect(grid(BackboneModel(joining: [model, model])) == PatchGrid(rows: 5, columns: 5))
    }

    @Test func withoutAVocabularyNothingIsRead() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }  // what is left is in the temporary folder
        let model = try BackboneModel.load(folder.path, modelsDirectory: ModelsDirectory(path: folder.path))
        #expect(throws: WeightsError.self) { try model.textEmbeddings(of: ["a bottle cap"], parallelism: .serial) }
    }
}
