import Core
import Testing

@Suite struct WeightScopeTests {
    private let scope = WeightScope(
        [
            "blocks.3.attn.qkv.weight": Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]),
            "blocks.3.attn.qkv.bias": Tensor(shape: [2], values: [7, 8]),
        ], file: "models/x.safetensors")

    @Test func tensorsAreFoundByPath() throws {
        let attention = scope["blocks.3"]["attn"]
        #expect(try attention.matrix("qkv.weight", 2, 3) == Matrix(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6]))
        #expect(try attention["qkv"].vector("bias", 2) == [7, 8])
        #expect(try scope.tensor("blocks.3.attn.qkv.bias", [2]).values == [7, 8])
        #expect(attention.contains("qkv.bias") && !attention.contains("bias"))
    }

    @Test func aWrongShapeNamesFileTensorAndBothShapes() {
        let error = failure { () throws(WeightsError) in try scope["blocks.3.attn"].matrix("qkv.weight", 1152, 384) }
        #expect(
            error.map { "\($0)" }
                == "weights: models/x.safetensors: blocks.3.attn.qkv.weight: expected [1152, 384], got [2, 3]")
        // As many numbers in another shape are another tensor.
        #expect(failure { () throws(WeightsError) in try scope.tensor("blocks.3.attn.qkv.weight", [3, 2]) } != nil)
        #expect(failure { () throws(WeightsError) in try scope.vector("blocks.3.attn.qkv.weight", 6) } != nil)
    }

    @Test func aMissingTensorIsNamedWithItsWholePath() {
        #expect(
            failure { () throws(WeightsError) in try scope["blocks.4"].vector("attn.qkv.bias", 2) }
                == .missingTensor(file: "models/x.safetensors", tensor: "blocks.4.attn.qkv.bias"))
    }
}
