import Core
import Foundation
import Testing

@Suite struct WeightsImportTests {
    private let folder: ScratchFolder
    private let models: ModelsDirectory

    init() throws {
        folder = try ScratchFolder()
        models = ModelsDirectory(path: folder.path + "/models")
    }

    /// A file with all tensors of EfficientNet-Lite0 and one more.
    private func source(_ change: (inout [String: Tensor]) -> Void = { _ in }) throws -> String {
        var tensors = madeUpWeights(.efficientNetLite0)
        tensors["_conv_stem.weight"]?.values[5] = 0.25
        tensors["_extra"] = Tensor(shape: [3])
        change(&tensors)
        let path = folder.path + "/source.safetensors"
        try Safetensors.write(tensors, to: path)
        return path
    }

    private func importer(_ file: String, name: String = "net", _ architecture: WeightArchitecture? = nil)
        -> WeightsImport
    {
        WeightsImport(
            file: file, name: name, architecture: architecture, source: "a test", licence: "none", directory: models)
    }

    @Test func anImportedModelIsRecognisedAndLoads() throws {
        let outcome = try importer(source()).run()
        #expect(outcome.sidecar.architecture == .efficientNetLite0)
        #expect(outcome.leftOut == ["_extra"])
        let model = try ModelWeights.load("net", modelsDirectory: models)
        #expect(model.sidecar == outcome.sidecar)
        #expect(model.sidecar.inputMultiple == 32)
        #expect(abs(model.sidecar.preprocessing.mean[0] * 255 - 127) < 1e-4)
        #expect(try model.scope.tensor("_conv_stem.weight", [32, 3, 3, 3]).values[5] == 0.25)
        #expect(!model.scope.contains("_extra"))
        #expect(models.names == ["net"])
        // The same file by its path, and without its sidecar.
        #expect(try ModelWeights.load(outcome.path, modelsDirectory: models).sidecar == outcome.sidecar)
        try FileManager.default.removeItem(atPath: models.sidecarPath("net"))
        let bare = try ModelWeights.load(outcome.path, modelsDirectory: models).sidecar
        #expect(bare.architecture == .efficientNetLite0 && bare.sha256 == outcome.sidecar.sha256)
    }

    /// Zeros are well-formed, finite, and have a digest.
    @Test func weightsThatSayNothingAreRefusedAndNothingIsWritten() throws {
        let changes: [(inout [String: Tensor]) -> Void] = [
            { tensors in tensors = tensors.mapValues { Tensor(shape: $0.shape) } },
            { tensors in tensors["_conv_stem.weight"] = Tensor(shape: [32, 3, 3, 3]) },
        ]
        for change in changes {
            #expect {
                try importer(source(change)).run()
            } throws: { error in
                if case .dead = error as? WeightsError { "\(error)".contains("the same of every") } else { false }
            }
            #expect(!FileManager.default.fileExists(atPath: models.path))
        }
    }

    @Test func weightsThatSayNothingDoNotVerifyWhateverTheirSidecarSays() throws {
        _ = try importer(source()).run()
        try ModelWeights.load("net", modelsDirectory: models).verify()
        let zeros = WeightArchitecture.efficientNetLite0.expectedTensors.mapValues { Tensor(shape: $0) }
        var sidecar = try models.sidecar("net")
        sidecar.sha256 = try Safetensors.write(zeros, to: models.weightsPath("net"))
        try sidecar.write(to: models.sidecarPath("net"))
        let weights = try ModelWeights.load("net", modelsDirectory: models)
        #expect(throws: WeightsError.self) { try weights.verify() }
    }

    @Test func aSidecarWithAnotherPreprocessingThanItsNetworkHasIsRefused() throws {
        _ = try importer(source()).run()
        var sidecar = try models.sidecar("net")
        sidecar.preprocessing = WeightArchitecture.dinoV2Small.preprocessing
        try sidecar.write(to: models.sidecarPath("net"))
        #expect(throws: WeightsError.self) { try ModelWeights.load("net", modelsDirectory: models) }
    }

    @Test func importingTwiceGivesEqualBytes() throws {
        let file = try source()
        let first = try importer(file).run().sidecar
        let json = try Data(contentsOf: URL(filePath: models.sidecarPath("net")))
        #expect(try importer(file).run().sidecar == first)
        #expect(try Data(contentsOf: URL(filePath: models.sidecarPath("net"))) == json)
    }

    @Test func aMissingOrMisshapenTensorIsNamedAndNothingIsWritten() throws {
        let missing = try source { $0["_blocks.7._bn1.running_var"] = nil }
        #expect(
            failure { () throws(WeightsError) in try importer(missing, .efficientNetLite0).run() }
                == .missingTensor(file: missing, tensor: "_blocks.7._bn1.running_var"))
        #expect(
            failure { () throws(WeightsError) in try importer(missing).run() }.map { "\($0)" }?
                .contains("efficientnet-lite0, dinov2-small") == true)
        let misshapen = try source { $0["_fc.weight"] = Tensor(shape: [10, 1280]) }
        #expect(
            failure { () throws(WeightsError) in try importer(misshapen).run() }
                == .wrongShape(file: misshapen, tensor: "_fc.weight", expected: [1000, 1280], got: [10, 1280]))
        #expect(!FileManager.default.fileExists(atPath: models.path))
    }

    @Test func weightsThatAreNotThoseOfTheSidecarDoNotLoad() throws {
        let outcome = try importer(source()).run()
        let other = try Safetensors.write(["a": Tensor(shape: [1])], to: outcome.path)
        #expect(
            failure { () throws(WeightsError) in try ModelWeights.load("net", modelsDirectory: models) }
                == .wrongDigest(file: outcome.path, expected: outcome.sidecar.sha256, got: other))
    }

    @Test func aModelThatIsNotThereIsAnsweredWithThoseThatAre() throws {
        #expect(
            failure { () throws(WeightsError) in try ModelWeights.load("net", modelsDirectory: models) }.map { "\($0)" }
                == "weights: net: no such model in \(models.path), which has none: check models_directory and "
                + "`fsacctl model list`, add one with `fsacctl model import` (in the source tree, `make weights`)")
        _ = try importer(source(), name: "other").run()
        #expect(
            failure { () throws(WeightsError) in try ModelWeights.load("net", modelsDirectory: models) }
                == .unknownModel(name: "net", directory: models.path, known: ["other"]))
    }

    @Test(arguments: ["", "../net", "a/b", ".net", "-net", "a b", "n\u{e9}t"])
    func aNameThatIsNoPlainFileNameIsRefused(name: String) throws {
        #expect(failure { () throws(WeightsError) in try importer("unread", name: name).run() } == .badName(name))
    }

    @Test func aFileOfAnotherKindIsNamedByItsFirstBytes() throws {
        let png = try folder.file("a.png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        let message = failure { () throws(WeightsError) in try importer(png).run() }.map { "\($0)" }
        #expect(message?.hasSuffix("got the bytes 89504e470d0a1a0a") == true)
        let empty = try folder.file("empty")
        #expect(
            failure { () throws(WeightsError) in try importer(empty).run() }.map { "\($0)" }?
                .hasSuffix("got an empty file") == true)
        // The other kinds are told apart by their beginning, whatever they are called.
        for name in ["legacy.pth", "zip.pt", "tiny.onnx", "mixed.safetensors"] {
            let renamed = try folder.file("weights.bin", WeightsFixture.bytes(name))
            let error = failure { () throws(WeightsError) in try importer(renamed).run() }
            #expect(error == .unknownArchitecture(file: renamed, known: WeightArchitecture.allCases.map(\.rawValue)))
        }
    }

    @Test func aDamagedSidecarSaysWhichKey() throws {
        _ = try importer(source()).run()
        let path = models.sidecarPath("net")
        let json = try String(contentsOfFile: path, encoding: .utf8)
        for (old, new, expected) in [
            (#""licence""#, #""license""#, "got no `licence`"),
            (#""efficientnet-lite0""#, #""efficientnet-lite9""#, "`architecture`"),
            (#""input_multiple" : 32"#, #""input_multiple" : "32""#, "got `input_multiple` of another type"),
            (#""input_multiple" : 32"#, #""input_multiple" : 0"#, "input_multiple: expected 32, got 0"),
            ("0.5019608", "0", "three positive deviations"), ("{", "[", "text that is not JSON"),
        ] {
            try json.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: false, encoding: .utf8)
            let message = failure { () throws(WeightsError) in try WeightsSidecar.read(path: path) }.map { "\($0)" }
            #expect(message?.contains(expected) == true, "\(message ?? "read")")
        }
    }

    @Test func theModelsDirectoryIsThatOfTheEnvironment() {
        #expect(ModelsDirectory.resolve(environment: ["FSAC_MODELS": "/srv/models"]).path == "/srv/models")
        let unset = ModelsDirectory.resolve(environment: ["FSAC_MODELS": ""]).path
        #expect(["models", "/usr/share/fsac/models"].contains(unset))
    }
}
