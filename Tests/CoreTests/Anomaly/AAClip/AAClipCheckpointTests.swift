import Core
import Foundation
import Testing

@Suite struct AAClipCheckpointTests {
    /// The adapters' tensors as our file has them, some of them changed.
    private func read(
        metadata: [String: String] = [:], _ change: (inout [String: Tensor]) -> Void
    ) throws -> AAClipAdapters {
        var tensors = try AAClipFixture().adapters.tensors
        change(&tensors)
        let folder = try ScratchFolder()
        let path = folder.path + "/a.safetensors"
        try Safetensors.write(tensors, metadata: metadata, to: path)
        return try AAClipAdapters(try Safetensors.read(path: path))
    }

    private func failure(_ change: (inout [String: Tensor]) -> Void) -> WeightsError? {
        do {
            _ = try read(change)
            return nil
        } catch {
            return error as? WeightsError
        }
    }

    @Test func adaptersAreReadBackAsTheyWere() throws {
        let adapters = try AAClipFixture().adapters
        let again = try read { _ in }
        #expect(again.configuration == adapters.configuration)
        #expect(again.tensors == adapters.tensors)
        #expect(again.training == AAClipAdapters.Training())
    }

    @Test func aMissingTensorIsNamed() throws {
        let names = try AAClipFixture().adapters.tensors.keys
        let inner = [
            "image_adapter.layer_adapters.0.fc.0.weight", "image_adapter.layer_adapters.1.fc.0.weight",
            "image_adapter.seg_proj.0.fc.weight", "image_adapter.det_proj.fc.weight", "text_adapter.0.fc.0.weight",
            "text_adapter.1.fc.0.weight",
        ]
        for name in inner {
            #expect(names.contains(name))
            let error = failure { $0[name] = nil }
            guard case .missingTensor(_, let tensor) = error else {
                Issue.record("\(name): \(error.map(String.init(describing:)) ?? "accepted")")
                continue
            }
            #expect(tensor.replacing(".fc.0.", with: ".fc.") == name.replacing(".fc.0.", with: ".fc."))
        }
    }

    @Test func anotherShapeIsNamed() throws {
        for name in try AAClipFixture().adapters.tensors.keys {
            let error = failure { $0[name] = Tensor(shape: [3, 5]) }
            guard case .wrongShape(_, let tensor, _, _) = error else {
                Issue.record("\(name): \(error.map(String.init(describing:)) ?? "accepted")")
                continue
            }
            // The widths follow from two of them: a wrong one there shows in the others.
            #expect(tensor == name || name.contains("det_proj") || name == "text_adapter.2.fc.0.weight")
        }
    }

    /// It has no next one.
    @Test func theLastNumberThereIsIsNoLayer() throws {
        let ends = [("image_adapter.layer_adapters", ".fc.0.weight"), ("image_adapter.seg_proj", ".fc.weight")]
        for (beginning, ending) in ends {
            #expect(failure { $0["\(beginning).\(Int.max)\(ending)"] = Tensor(shape: [1]) } != nil, "\(beginning)")
        }
    }

    @Test func aTensorTooManyIsNamed() throws {
        let error = failure { $0["image_adapter.extra"] = Tensor(shape: [1]) }
        guard case .malformed(_, "image_adapter.extra", _, _) = error else {
            Issue.record("\(error.map(String.init(describing:)) ?? "accepted")")
            return
        }
    }

    @Test func withoutTextAdaptersTheTextIsCLIPs() throws {
        let adapters = try AAClipCheckpoint.read([try AAClipFixture.path("image_adapter_2.pth")])
        #expect(adapters.configuration.text == nil)
    }

    @Test func projectionsWithAnActivationAreTold() throws {
        let adapters = try read { tensors in
            for name in tensors.keys where name.contains("_proj.") {
                tensors[name.replacing(".fc.weight", with: ".fc.0.weight")] = tensors.removeValue(forKey: name)
            }
        }
        #expect(adapters.configuration.hasActivatedProjections)
        #expect(adapters.configuration.levels == 2)
    }

    @Test func whatTheTrainingWasLikeIsKept() throws {
        let kept = try read(metadata: ["activation": "quick_gelu", "input_size": "336"]) { _ in }.training
        #expect(kept == AAClipAdapters.Training(activation: .quickGELU, inputSize: 336))
        #expect(throws: WeightsError.self) { try read(metadata: ["activation": "relu"]) { _ in } }
        #expect(throws: WeightsError.self) { try read(metadata: ["input_size": "0"]) { _ in } }
    }

    @Test func theSameTowerTwiceIsRefused() throws {
        let path = try AAClipFixture.path("image_adapter_2.pth")
        #expect(throws: WeightsError.self) { try AAClipCheckpoint.read([path, path]) }
        #expect(throws: WeightsError.self) { try AAClipCheckpoint.read([try AAClipFixture.path("text_adapter.pth")]) }
    }

    @Test func aCutFileIsRefused() throws {
        let bytes = try Data(contentsOf: URL(filePath: AAClipFixture.path("image_adapter_2.pth")))
        let folder = try ScratchFolder()
        for share in [0.1, 0.5, 0.99] {
            let path = try folder.file("cut.pth", [UInt8](bytes.prefix(Int(Double(bytes.count) * share))))
            #expect(throws: WeightsError.self) { try AAClipCheckpoint.read([path]) }
        }
    }
}
