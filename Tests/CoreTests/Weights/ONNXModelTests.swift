import Core
import Testing

@Suite struct ONNXModelTests {
    @Test func initialisersOfEveryKindAreRead() throws {
        let model = try ONNXModel.read(path: WeightsFixture.path("tiny.onnx"))
        let tensors = model.initialisers
        #expect(tensors["onnx::MatMul_9"] == Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]))
        #expect(tensors["backbone.encoder.layer.0.mlp.fc1.bias"] == Tensor(shape: [3], values: [0.5, 1.5, 2.5]))
        #expect(tensors["backbone.layernorm.weight"] == Tensor(shape: [2], values: [0.5, -2]))
        #expect(tensors["backbone.layernorm.bias"] == Tensor(shape: [2], values: [0.25, -1e30]))
        #expect(tensors.count == 8)
        #expect(model.ignored == ["shape"])
    }

    @Test func nodesAreReadInOrder() throws {
        let model = try ONNXModel.read(path: WeightsFixture.path("tiny.onnx"))
        #expect(model.nodes.map(\.operation) == ["Reshape", "Concat", "MatMul", "MatMul"])
        #expect(model.nodes[2].name == "/backbone/encoder/layer.0/mlp/fc1/MatMul")
        #expect(model.nodes[2].inputs == ["positions", "onnx::MatMul_9"])
        #expect(model.nodes[2].outputs == ["h"])
    }

    @Test func aBackboneInsideAGraphGetsItsOwnNames() throws {
        let tensors = try DINOv2ONNX.tensors(of: ONNXModel.read(path: WeightsFixture.path("tiny.onnx")))
        #expect(
            tensors.keys.sorted() == [
                "embeddings.cls_token", "embeddings.position_embeddings", "encoder.layer.0.mlp.fc1.bias",
                "encoder.layer.0.mlp.fc1.weight", "layernorm.bias", "layernorm.weight",
            ])
        // The graph multiplies from the right by [inputs, outputs]; PyTorch's layer is [outputs, inputs].
        #expect(
            tensors["encoder.layer.0.mlp.fc1.weight"] == Tensor(shape: [3, 2], values: [1, 4, 2, 5, 3, 6]))
        #expect(
            tensors["embeddings.position_embeddings"]
                == Tensor(shape: [1, 5, 2], values: [10, 11, 20, 21, 22, 23, 24, 25, 26, 27]))
    }

    @Test func aModelCutAtAnyByteIsRefused() throws {
        let bytes = try WeightsFixture.bytes("tiny.onnx")
        for count in 0..<bytes.count {
            let error = failure { () throws(WeightsError) in
                try ONNXModel.read(bytes: Array(bytes[..<count]), file: "x")
            }
            #expect(error != nil, "cut at \(count)")
        }
    }

    @Test func aDamagedModelNeverTrapsTheReader() throws {
        let bytes = try WeightsFixture.bytes("tiny.onnx")
        let outcome = readDamaged(bytes, seed: 5) { (bytes) throws(WeightsError) in
            try DINOv2ONNX.tensors(of: ONNXModel.read(bytes: bytes, file: "x"))
        }
        #expect(outcome.refused > 1000 && outcome.read > 1000, "\(outcome)")
    }

    /// A model of one initialiser.
    private func model(_ tensor: [UInt8]) -> [UInt8] {
        let graph = [0x2a] + [UInt8(tensor.count)] + tensor
        return [0x08, 7, 0x3a, UInt8(graph.count)] + graph + [0x42, 2, 0x10, 14]
    }

    private func refusal(_ tensor: [UInt8]) -> String? {
        failure { () throws(WeightsError) in try ONNXModel.read(bytes: model(tensor), file: "m.onnx") }.map { "\($0)" }
    }

    @Test func shapesAndTypesAreCheckedBeforeAnythingIsMade() {
        let name: [UInt8] = [0x42, 1, UInt8(ascii: "w")]
        let float: [UInt8] = [0x10, 1]
        #expect(refusal([0x08, 1] + float + name + [0x4a, 4, 0, 0, 0, 0]) == nil)
        #expect(
            refusal([0x08, 2] + float + name + [0x4a, 4, 0, 0, 0, 0])
                == "weights: m.onnx: w: expected the numbers of [2], got 4 bytes")
        // 2^62 x 4, a negative dimension, an unknown type, no type, numbers in another file, NaN.
        let huge: [UInt8] = [0x08] + [UInt8](repeating: 0x80, count: 8) + [0x40]
        #expect(refusal(huge + [0x08, 4] + float + name)?.contains("expected the numbers of") == true)
        let negative: [UInt8] = [0x08] + [UInt8](repeating: 0xff, count: 9) + [1]
        #expect(refusal(negative + float + name)?.contains("[-1]") == true)
        #expect(refusal([0x08, 1, 0x10, 17] + name)?.contains("ONNX data type 17") == true)
        #expect(refusal([0x08, 1] + name)?.contains("no data type") == true)
        #expect(refusal([0x08, 1, 0x70, 1] + float + name)?.contains("in another file") == true)
        #expect(refusal([0x08, 1] + float + name + [0x4a, 4, 0, 0, 0xc0, 0x7f])?.contains("NaN") == true)
    }
}
