import Core
import Foundation
import Testing

@Suite struct SafetensorsFaultTests {
    private func refusal(_ json: String, data: [UInt8] = []) -> String? {
        failure { () throws(WeightsError) in
            try Safetensors.read(bytes: safetensorsBytes(json, data: data), file: "m.safetensors")
        }.map { "\($0)" }
    }

    @Test func aTensorWhoseBytesAreThereIsRead() {
        #expect(refusal(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: [0, 0, 0, 0]) == nil)
    }

    @Test func aFileThatIsCutShortNamesBothSizes() {
        #expect(
            refusal(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: [0, 0, 0])
                == "weights: m.safetensors: tensors: cut short: expected 8 bytes, got 3")
    }

    @Test func aFileCutAtAnyByteIsRefused() throws {
        let bytes = try WeightsFixture.bytes("mixed.safetensors")
        for count in 0..<bytes.count {
            let error = failure { () throws(WeightsError) in
                try Safetensors.read(bytes: Array(bytes[..<count]), file: "x")
            }
            #expect(error != nil, "cut at \(count)")
        }
    }

    @Test func aLargeFileCutAnywhereIsRefused() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/large.safetensors"
        let tensors = (0..<40).map { ("blocks.\($0).weight", Tensor(shape: [64, 100 + $0])) }
        try Safetensors.write(Dictionary(uniqueKeysWithValues: tensors), to: path)
        var size = try Data(contentsOf: URL(filePath: path)).count
        var random = SplitMix64(seed: 2)
        let sizes = (0..<200).map { _ in Int.random(in: 0..<size, using: &random) }.sorted(by: >)
        for cut in sizes {
            #expect(truncate(path, cut) == 0)
            #expect(failure { () throws(WeightsError) in try Safetensors.read(path: path) } != nil, "cut at \(cut)")
            size = cut
        }
    }

    @Test func bytesAfterTheTensorsAreRefused() {
        #expect(
            refusal(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: [0, 0, 0, 0, 1])
                == "weights: m.safetensors: tensors: expected 4 bytes after the header, got 5")
    }

    @Test(arguments: [
        // A product that overflows, also when a zero comes after it; a negative dimension.
        (#""shape":[4294967296,4294967296],"data_offsets":[0,4]"#, "shape that fits"),
        (#""shape":[4294967296,4294967296,0],"data_offsets":[0,0]"#, "shape that fits"),
        (#""shape":[0,4294967296,4294967296],"data_offsets":[0,0]"#, "shape that fits"),
        (#""shape":[4611686018427387904],"data_offsets":[0,4]"#, "shape that fits"),
        (#""shape":[-1],"data_offsets":[0,4]"#, "shape that fits"),
        (#""shape":[-1,-1],"data_offsets":[0,4]"#, "shape that fits"),
        // Offsets that do not agree with the shape, begin late, run backwards, or are too few.
        (#""shape":[2],"data_offsets":[0,4]"#, "8 bytes from 0 on"),
        (#""shape":[1],"data_offsets":[4,8]"#, "4 bytes from 0 on"),
        (#""shape":[1],"data_offsets":[4,0]"#, "4 bytes from 0 on"),
        (#""shape":[1],"data_offsets":[-4,0]"#, "4 bytes from 0 on"),
        (#""shape":[1],"data_offsets":[]"#, "4 bytes from 0 on"),
        (#""shape":[1],"data_offsets":[0,4,8]"#, "4 bytes from 0 on"),
        (#""shape":[1099511627776],"data_offsets":[0,4398046511104]"#, "cut short"),
        // Numbers that are none, or too large for one.
        (#""shape":[1e400],"data_offsets":[0,4]"#, "JSON object of tensors"),
        (#""shape":[99999999999999999999],"data_offsets":[0,4]"#, "JSON object of tensors"),
        (#""shape":["1"],"data_offsets":[0,4]"#, "JSON object of tensors"),
        (#""shape":[1],"data_offsets":[0,4],"shape":[1]"#, "none twice"),
        (#""shape":[1],"data_offsets":[0,4],"extra":1"#, "none unknown"),
    ])
    func aShapeOrPlaceThatMakesNoSenseIsRefused(fields: String, reason: String) throws {
        let message = try #require(refusal(#"{"a":{"dtype":"F32","# + fields + "}}", data: [0, 0, 0, 0]))
        #expect(message.contains(reason), "\(message)")
    }

    @Test func tensorsThatOverlapOrLeaveAGapAreRefused() {
        let first = #""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#
        let zeros = [UInt8](repeating: 0, count: 12)
        #expect(
            refusal("{\(first),\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", data: zeros) != nil)
        #expect(
            refusal("{\(first),\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", data: zeros) != nil)
        #expect(
            refusal("{\(first),\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", data: zeros) != nil)
        #expect(
            refusal("{\(first),\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", data: zeros) == nil)
    }

    @Test func aNameThatComesTwiceIsRefused() throws {
        let entry = #"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#
        for json in ["{\"a\":\(entry),\"a\":\(entry)}", #"{"a":\#(entry),"\u0061":\#(entry)}"#] {
            let message = try #require(refusal(json, data: [0, 0, 0, 0]))
            #expect(message.contains("none twice"), "\(message)")
        }
    }

    @Test func nanAndInfinityAreRefusedWithTheTensorNamed() {
        for value in [Float.nan, .infinity, -.infinity] {
            let data = littleEndian(Float(1).bitPattern) + littleEndian(value.bitPattern)
            #expect(
                refusal(#"{"blocks.3.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: data)
                    == "weights: m.safetensors: blocks.3.bias: expected finite numbers, got NaN or infinity at index 1")
        }
        #expect(refusal(#"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#, data: [0, 0x7c]) != nil)
        // 1e300 is finite where it is stored, but not as the numbers we compute with.
        let large = littleEndian(Double(1e300).bitPattern)
        #expect(refusal(#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#, data: large) != nil)
    }

    @Test func anUnknownTypeIsNamed() {
        #expect(
            refusal(#"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, data: [0])
                == "weights: m.safetensors: a: expected 16, 32 or 64-bit floating point, got F8_E4M3")
    }

    @Test func otherFilesAreNotTakenForWeights() {
        let png: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]
        let error = failure { () throws(WeightsError) in try Safetensors.read(bytes: png, file: "a.png") }
        #expect(error.map { "\($0)" }?.contains("not a safetensors file") == true)
        #expect(refusal("[1,2]") != nil)
        #expect(refusal("") != nil)
        #expect(refusal("null") != nil)
        #expect(refusal(String(repeating: "[", count: 100_000)) != nil)
        #expect(refusal(String(repeating: #"{"a":"#, count: 100_000)) != nil)
    }

    @Test func foldersDevicesAndPipesAreRefusedWithoutWaiting() throws {
        let folder = try ScratchFolder()
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, kind) in [(pipe, "pipe"), (folder.path, "directory"), ("/dev/zero", "device")] {
            #expect(
                failure { () throws(WeightsError) in try Safetensors.read(path: path) }
                    == .unreadable(file: path, reason: "expected a regular file, got a \(kind)"))
        }
        let missing = folder.path + "/missing"
        #expect(
            failure { () throws(WeightsError) in try Safetensors.read(path: missing) }
                == .unreadable(file: missing, reason: "No such file or directory"))
    }

    @Test func aDamagedHeaderNeverTrapsTheReader() throws {
        let bytes = try WeightsFixture.bytes("mixed.safetensors")
        let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
        let outcome = readDamaged(bytes, seed: 3, within: 0..<header) { (bytes) throws(WeightsError) in
            try Safetensors.read(bytes: bytes, file: "x")
        }
        // A flip in a name or in a metadata value is not damage that the format could show.
        #expect(outcome.refused > 10_000 && outcome.read > 100, "\(outcome)")
    }
}
