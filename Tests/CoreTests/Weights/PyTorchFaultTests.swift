import Core
import Testing

/// Writes pickles by hand, also those that no library would.
private struct PickleWriter {
    var bytes: [UInt8] = [0x80, 2]

    static func ended(_ write: (inout PickleWriter) -> Void) -> [UInt8] {
        var writer = PickleWriter()
        write(&writer)
        return writer.bytes + [UInt8(ascii: ".")]
    }

    mutating func opcode(_ name: Character) { bytes += name.utf8 }
    mutating func text(_ text: String) {
        bytes += [UInt8(ascii: "X")] + littleEndian(UInt32(text.utf8.count)) + text.utf8
    }
    mutating func integer(_ value: Int) { bytes += [0x8a, 8] + littleEndian(value) }
    mutating func global(_ module: String, _ name: String) { bytes += "c\(module)\n\(name)\n".utf8 }

    mutating func tuple(_ values: [Int]) {
        opcode("(")
        for value in values { integer(value) }
        opcode("t")
    }

    /// `{"w": _rebuild_tensor_v2(storage "0", offset, shape, strides, False, OrderedDict())}`
    mutating func stateDict(count: Int, offset: Int = 0, shape: [Int], strides: [Int], tensors: Int = 1) {
        opcode("}")
        for index in 0..<tensors {
            text("w\(index)")
            global("torch._utils", "_rebuild_tensor_v2")
            opcode("(")
            opcode("(")
            text("storage")
            global("torch", "FloatStorage")
            text("0")
            text("cpu")
            integer(count)
            opcode("t")
            opcode("Q")
            integer(offset)
            tuple(shape)
            tuple(strides)
            opcode("t")
            opcode("R")
            opcode("s")
        }
    }
}

@Suite struct PyTorchFaultTests {
    private static let magic: [UInt8] = [
        0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]

    /// A checkpoint in the older form around a state dict that stores `stored` floating-point numbers.
    private func checkpoint(_ stateDict: [UInt8], stored: Int = 4) -> [UInt8] {
        let version = PickleWriter.ended { $0.integer(1001) }
        let machine = PickleWriter.ended {
            $0.opcode("}")
            $0.text("little_endian")
            $0.bytes.append(0x88)
            $0.opcode("s")
        }
        let keys = PickleWriter.ended {
            $0.opcode("]")
            $0.text("0")
            $0.opcode("a")
        }
        let storage = littleEndian(UInt64(stored)) + [UInt8](repeating: 0, count: stored * 4)
        return Self.magic + version + machine + stateDict + keys + storage
    }

    private func refusal(_ bytes: [UInt8]) -> String? {
        failure { () throws(WeightsError) in try PyTorchCheckpoint.read(bytes: bytes, file: "m.pth") }.map { "\($0)" }
    }

    @Test func aCheckpointByHandIsRead() {
        let good = checkpoint(PickleWriter.ended { $0.stateDict(count: 4, shape: [2, 2], strides: [2, 1]) })
        #expect(refusal(good) == nil)
    }

    @Test func aPickleThatWouldRunACommandIsRefusedByName() {
        let malicious = PickleWriter.ended {
            $0.global("os", "system")
            $0.opcode("(")
            $0.text("touch /tmp/owned")
            $0.opcode("t")
            $0.opcode("R")
        }
        #expect(
            refusal(checkpoint(malicious))
                == "weights: m.pth: pickle: refused: it names os.system, which no state dict needs")
        // In the first pickle too, before any check of its value.
        #expect(refusal(Self.magic + malicious)?.contains("os.system") == true)
    }

    @Test(arguments: [
        ("builtins", "eval"), ("posix", "system"), ("torch", "load"), ("torch._utils", "_rebuild_qtensor"),
        ("collections", "OrderedDict.fromkeys"), ("", "OrderedDict"),
    ])
    func otherGlobalsAreRefused(module: String, name: String) {
        let message = refusal(checkpoint(PickleWriter.ended { $0.global(module, name) }))
        #expect(message?.contains("it names \(module).\(name)") == true)
    }

    @Test func allowedClassesAreNotCalledWithArguments() {
        for (module, name) in [("collections", "OrderedDict"), ("torch", "FloatStorage")] {
            let pickle = PickleWriter.ended {
                $0.global(module, name)
                $0.tuple([4])
                $0.opcode("R")
            }
            #expect(refusal(checkpoint(pickle))?.contains("refused") == true)
        }
    }

    @Test func anOpcodeThatNoStateDictNeedsIsRefused() {
        // INST, OBJ, NEWOBJ, EXT1: other ways to call something.
        for opcode in [0x69, 0x6f, 0x81, 0x82] as [UInt8] {
            #expect(refusal(checkpoint([0x80, 2, opcode, 0x2e]))?.contains("opcode \(opcode)") == true)
        }
    }

    @Test(arguments: [
        (1_000_000_000_000, 0, [1_000_000_000_000], [1]), (4, 0, [5], [1]), (4, 1, [4], [1]), (4, -1, [4], [1]),
        (4, 0, [Int.max, Int.max], [1, 1]), (4, 0, [2, 2], [Int.max, 1]), (4, 0, [2, 2], [-1, 1]), (4, 0, [4], [1, 1]),
        (4, Int.max, [1], [1]), (4, 0, [1_000_000_000_000], [0]), (4, 0, [-4], [1]), (-1, 0, [0], [1]),
        (4, 5, [0], [1]),
    ])
    func aViewOfMoreThanIsStoredIsRefused(count: Int, offset: Int, shape: [Int], strides: [Int]) {
        let pickle = PickleWriter.ended { $0.stateDict(count: count, offset: offset, shape: shape, strides: strides) }
        #expect(refusal(checkpoint(pickle)) != nil)
    }

    @Test func manyTensorsOfOneStorageAreBoundByTheFile() {
        // 1,000 views of 4,000 stored numbers would be 250 times the file.
        let pickle = PickleWriter.ended { $0.stateDict(count: 4000, shape: [4000], strides: [1], tensors: 1000) }
        #expect(refusal(checkpoint(pickle, stored: 4000)) != nil)
        let few = PickleWriter.ended { $0.stateDict(count: 4000, shape: [4000], strides: [1], tensors: 2) }
        #expect(refusal(checkpoint(few, stored: 4000)) == nil)
    }

    @Test func deepAndEndlessPicklesAreRefused() {
        // A tuple in a tuple, a million times: nothing may recurse over it. Then more steps than any state dict takes.
        let deep = PickleWriter.ended { $0.bytes += [0x29] + [UInt8](repeating: 0x85, count: 1_000_000) }
        #expect(refusal(checkpoint(deep))?.contains("state dict") == true)
        let endless = PickleWriter.ended { $0.bytes += [UInt8](repeating: 0x4e, count: 4_000_001) }
        #expect(refusal(checkpoint(endless))?.contains("more than 4000000 steps") == true)
    }

    @Test func aStackThatIsEmptyIsRefused() {
        for opcode in "tRbsuaeQq".utf8 { #expect(refusal(checkpoint([0x80, 2, opcode, 0, 0x2e])) != nil) }
        #expect(refusal(checkpoint([0x80, 2, 0x2e])) != nil)
        #expect(refusal(checkpoint([0x80, 2, 0x68, 9, 0x2e]))?.contains("memo 9") == true)
        #expect(refusal(checkpoint([0x80, 4, 0x4e, 0x2e]))?.contains("protocol 4") == true)
    }

    @Test(arguments: ["legacy.pth", "zip.pt"])
    func aCheckpointCutAtAnyByteIsRefused(name: String) throws {
        let bytes = try WeightsFixture.bytes(name)
        for count in 0..<bytes.count { #expect(refusal(Array(bytes[..<count])) != nil, "cut at \(count)") }
    }

    @Test(arguments: ["legacy.pth", "zip.pt"])
    func aDamagedCheckpointNeverTrapsTheReader(name: String) throws {
        let bytes = try WeightsFixture.bytes(name)
        let outcome = readDamaged(bytes, seed: 4) { (bytes) throws(WeightsError) in
            try PyTorchCheckpoint.read(bytes: bytes, file: "x")
        }
        #expect(outcome.refused > 1000 && outcome.read > 1000, "\(outcome)")
    }

    @Test func aCompressedZipIsRefused() throws {
        var bytes = try WeightsFixture.bytes("zip.pt")
        let directory = try #require(
            bytes.indices.dropLast(4).first { bytes[$0..<$0 + 4].elementsEqual([0x50, 0x4b, 1, 2]) })
        bytes[directory + 10] = 8
        #expect(refusal(bytes)?.contains("compressed") == true)
    }
}
