import Core
import Foundation
import Testing

@Suite struct SafetensorsTests {
    @Test func everyFloatingPointTypeOfTheReferenceLibraryIsRead() throws {
        let archive = try Safetensors.read(path: WeightsFixture.path("mixed.safetensors"))
        #expect(archive.tensors["single"] == Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]))
        #expect(archive.tensors["scalar"] == Tensor(shape: [], values: [-7]))
        #expect(archive.tensors["empty"] == Tensor(shape: [0, 4], values: []))
        #expect(archive.tensors["half"] == Tensor(shape: [3], values: [0.5, -2, 0x1p-24]))
        #expect(archive.tensors["brain"] == Tensor(shape: [2], values: [1.5, -2]))
        #expect(archive.tensors["double"] == Tensor(shape: [2], values: [0.25, -1e30]))
        #expect(archive.tensors[#"quo"ted: na\me"#] == Tensor(shape: [1], values: [9]))
        #expect(archive.tensors.count == 7)
        #expect(archive.ignored == ["counter"])
        #expect(archive.metadata == ["format": "pt", "note": #"a: "b""#])
    }

    @Test func theDigestIsThatOfTheWholeFile() throws {
        // printf '\x02\0\0\0\0\0\0\0{}' | sha256sum
        let archive = try Safetensors.read(bytes: safetensorsBytes("{}"), file: "x")
        #expect(archive.sha256 == "411a485216e432ece6b9af94fa32154cf79a2a56d4f81266baa50063f45092bd")
        #expect(archive.tensors.isEmpty)
    }

    @Test func whatIsWrittenIsReadBackFromFileAndMemory() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/a.safetensors"
        var random = SplitMix64(seed: 1)
        var tensors: [String: Tensor] = ["scalar": Tensor(shape: [], values: [1.5]), "none": Tensor(shape: [3, 0])]
        for (name, shape) in [("a", [7, 3]), ("b.weight", [2, 5, 1, 3]), ("ü:\"", [1])] {
            let values = (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &random) }
            tensors[name] = Tensor(shape: shape, values: values)
        }
        let digest = try Safetensors.write(tensors, metadata: ["made by": "a test: 1"], to: path)
        let archive = try Safetensors.read(path: path)
        #expect(archive.tensors == tensors)
        #expect(archive.metadata == ["made by": "a test: 1"])
        #expect(archive.sha256 == digest)
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
        #expect(try Safetensors.read(bytes: bytes, file: "x").sha256 == digest)
        #expect(try folder.contents == ["a.safetensors"])
    }

    @Test func tensorsOfAWrittenFileStartAtMultiplesOfEightBytes() throws {
        let folder = try ScratchFolder()
        for length in 1...9 {
            let path = folder.path + "/a.safetensors"
            try Safetensors.write([String(repeating: "n", count: length): Tensor(shape: [1])], to: path)
            let bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
            #expect(bytes[0] % 8 == 0 && bytes.count == 8 + Int(bytes[0]) + 4)
        }
    }

    @Test func equalTensorsGiveEqualBytes() throws {
        let folder = try ScratchFolder()
        let names = (0..<50).map { "tensor.\($0)" }
        let digests = try (0..<2).map { run in
            // Dictionaries are built in different orders, so that they iterate differently.
            let ordered = run == 0 ? names : names.reversed()
            let tensors = Dictionary(uniqueKeysWithValues: ordered.map { ($0, Tensor(shape: [2])) })
            return try Safetensors.write(tensors, metadata: ["a": "1", "b": "2"], to: folder.path + "/a")
        }
        #expect(digests[0] == digests[1])
    }

    @Test func aFailedWriteLeavesTheOldFileAndNothingElse() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/a.safetensors"
        let digest = try Safetensors.write(["a": Tensor(shape: [1])], to: path)
        let bad = Tensor(shape: [2], values: [0, .infinity])
        #expect(
            failure { () throws(WeightsError) in try Safetensors.write(["bad": bad], to: path) }
                == .notFinite(file: path, tensor: "bad", index: 1))
        #expect(try Safetensors.read(path: path).sha256 == digest)
        #expect(try folder.contents == ["a.safetensors"])
    }

    @Test func writingIntoAMissingFolderSaysSo() {
        let error = failure { () throws(WeightsError) in try Safetensors.write([:], to: "/nonexistent/a.safetensors") }
        #expect(
            error.map { "\($0)" }
                == "weights: /nonexistent/a.safetensors: cannot be written: No such file or directory")
    }
}
