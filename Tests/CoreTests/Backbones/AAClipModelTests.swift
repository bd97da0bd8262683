import Core
import Foundation
import Testing

/// Published checkpoints, imported and named behind a CLIP model.
@Suite struct AAClipModelTests {
    private let folder: ScratchFolder
    private var models: ModelsDirectory { ModelsDirectory(path: folder.path) }

    init() throws {
        folder = try ScratchFolder()
        let weights = try AAClipFixture.path("clip.safetensors")
        try FileManager.default.copyItem(atPath: weights, toPath: folder.path + "/tiny.safetensors")
        let configuration = String(
            decoding: try JSONEncoder().encode(AAClipFixture.configuration), as: UTF8.self)
        let sidecar = """
            {"name": "tiny", "architecture": "clip", "source": "random", "licence": "none", "source_sha256": "",
             "sha256": "\(try Safetensors.read(path: weights).sha256)", "input_multiple": 8, "clip": \(configuration),
             "preprocessing": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic"}}
            """
        try Data(sidecar.utf8).write(to: URL(filePath: folder.path + "/tiny.json"))
    }

    private func importAdapters(_ files: [String] = ["image_adapter_2.pth", "text_adapter.pth"]) throws {
        let paths = try files.map(AAClipFixture.path)
        #expect(AAClipCheckpoint.holds(paths))
        let outcome = try AAClipCheckpoint.importing(
            paths, name: "aa", source: "PyTorch", licence: "none", into: models)
        #expect(outcome.sidecar.architecture == .aaClipAdapters)
    }

    private func failure(_ reference: String) -> String? {
        do throws(WeightsError) {
            _ = try BackboneModel.load(reference, modelsDirectory: models)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func aCLIPWithAdaptersIsABackbone() throws {
        try importAdapters()
        let model = try BackboneModel.load("tiny@aa", modelsDirectory: models)
        #expect(model.name == "tiny@aa" && model.layerCount == 6 && model.textLayers == [5, 6] && model.readsText)
        // 518 pixels, as the paper has it, are no multiple of these patches.
        #expect(model.defaultInputSize == 40)
        let plain = try BackboneModel.load("tiny", modelsDirectory: models)
        #expect(plain.sha256 != model.sha256 && plain.layerCount == 5)
        let fixture = try AAClipFixture()
        let features = model.makeBackbone(inputSize: 40, parallelism: Parallelism(threads: 2))
            .features(of: try fixture.picture(0), FeatureRequest(layers: [5, 6], finalTokens: true))
        let detection = try #require(features.classToken)
        #expect(relativeDifference(detection, try fixture.slice("detection", 0)) < 1e-4)
        let level = try #require(features.layers[6]).tokens.values
        #expect(relativeDifference(level, try fixture.slice("levels", 0, 1)) < 1e-4)
    }

    @Test func whatDoesNotFitIsRefused() throws {
        try importAdapters()
        #expect(failure("tiny@none")?.contains("none") == true)
        #expect(failure("tiny@tiny")?.contains("expected aa-clip-adapters, got clip") == true)
        #expect(failure("aa")?.contains("CLIPNAME@NAME") == true)
        #expect(failure("aa@aa")?.contains("expected a CLIP before the @") == true)
        // Without text adapters, levels would have to be as wide as CLIP's embedding: they are.
        try importAdapters(["image_adapter_2.pth"])
        #expect(failure("tiny@aa") == nil)
        #expect(AAClipMethod.problem(of: "tiny@aa", textLayers: [5, 6]) == nil)
        #expect(WinCLIPMethod.problem(of: "tiny@aa", textLayers: [5, 6])?.contains("without adapters") == true)
    }

    @Test func damagedAdaptersAreRefused() throws {
        try importAdapters()
        let path = folder.path + "/aa.safetensors"
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count - 3] ^= 1
        try bytes.write(to: URL(filePath: path))
        #expect(failure("tiny@aa")?.contains("sha-256") == true)
        #expect(throws: WeightsError.self) { try ModelWeights.load("aa", modelsDirectory: models) }
    }

    @Test func otherFilesAreNoAdapters() throws {
        #expect(!AAClipCheckpoint.holds([try AAClipFixture.path("clip.safetensors")]))
        #expect(!AAClipCheckpoint.holds([folder.path + "/nothing.pth"]))
    }
}
