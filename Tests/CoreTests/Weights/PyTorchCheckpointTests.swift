import Core
import Foundation
import Testing

@Suite struct PyTorchCheckpointTests {
    @Test(arguments: ["legacy.pth", "zip.pt", "wrapped.pt"])
    func everyTensorOfTorchSaveIsRead(name: String) throws {
        let archive = try PyTorchCheckpoint.read(path: WeightsFixture.path(name))
        let tensors = archive.tensors
        #expect(tensors["linear.weight"] == Tensor(shape: [3, 4], values: (0..<12).map { Float($0) + 0.5 }))
        #expect(tensors["view"] == Tensor(shape: [4], values: [4, 5, 6, 7]))
        #expect(tensors["column"] == Tensor(shape: [3, 1], values: [1, 5, 9]))
        #expect(tensors["half"] == Tensor(shape: [3], values: [0.5, -2, 0x1p-24]))
        #expect(tensors["brain"] == Tensor(shape: [2], values: [1.5, -2]))
        #expect(tensors["double"] == Tensor(shape: [2], values: [0.25, -1e30]))
        #expect(tensors["scalar"] == Tensor(shape: [], values: [-7]))
        #expect(tensors["empty"] == Tensor(shape: [0, 4], values: []))
        #expect(tensors.count == 9)
        #expect(archive.ignored == ["bn.num_batches_tracked"])
    }

    @Test(arguments: ["legacy.pth", "zip.pt"])
    func aPermutedTensorComesOutRowMajor(name: String) throws {
        let archive = try PyTorchCheckpoint.read(path: WeightsFixture.path(name))
        // Element [o, i, h, w] of the view is element [h, w, i, o] of 0..<24 as [2, 1, 3, 4].
        var expected: [Float] = []
        for o in 0..<4 {
            for i in 0..<3 {
                for h in 0..<2 { expected.append(Float((h * 3 + i) * 4 + o)) }
            }
        }
        #expect(archive.tensors["conv.weight"] == Tensor(shape: [4, 3, 2, 1], values: expected))
    }

    @Test func theDigestIsThatOfTheFile() throws {
        let bytes = try WeightsFixture.bytes("legacy.pth")
        let archive = try PyTorchCheckpoint.read(path: WeightsFixture.path("legacy.pth"))
        #expect(try archive.sha256 == PyTorchCheckpoint.read(bytes: bytes, file: "x").sha256)
        #expect(archive.sha256.count == 64)
    }
}
