import Core
import Foundation
import Platform
import Testing

/// Files that `Tools/make_weights_fixtures.py` wrote with each format's own library.
enum WeightsFixture {
    static func path(_ name: String) throws -> String {
        try #require(Bundle.module.path(forResource: "Fixtures/weights/" + name, ofType: nil))
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: path(name))))
    }
}

/// A folder that is removed with the last reference to it.
final class ScratchFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/fsac-weights-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ bytes: [UInt8] = []) throws -> String {
        try Data(bytes).write(to: URL(filePath: path + "/" + name))
        return path + "/" + name
    }

    var contents: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

extension ScratchFolder {
    /// A model's document without its seal.
    func document() throws -> [UInt8] {
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: path + "/model.json")))
        if case .sound(let content) = Seal.open(bytes) { return content }
        return bytes
    }

    /// Puts a document in its place as a program that has lost its mind would: changed, and sealed.
    func seal(_ document: [UInt8]) throws { _ = try file("model.json", Seal.sealed(document)) }
}

/// A safetensors file from its JSON header and the bytes after it.
func safetensorsBytes(_ json: String, data: [UInt8] = []) -> [UInt8] {
    littleEndian(UInt64(json.utf8.count)) + json.utf8 + data
}

func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
}

/// Reads `bytes` and says with which error it failed; nil when it did not fail.
func failure(_ body: () throws(WeightsError) -> some Any) -> WeightsError? {
    do throws(WeightsError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// Reads a file with one to three flipped bits, again and again: reading must succeed or throw, never trap.
/// FSAC_FUZZ_RUNS sets how often.
func readDamaged(
    _ bytes: [UInt8], seed: UInt64, within range: Range<Int>? = nil,
    _ read: ([UInt8]) throws(WeightsError) -> some Any
) -> (refused: Int, read: Int) {
    let runs = ProcessInfo.processInfo.environment["FSAC_FUZZ_RUNS"].flatMap { Int($0) } ?? 20_000
    var random = SplitMix64(seed: seed)
    var refused = 0
    for _ in 0..<runs {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let index = Int.random(in: range ?? 0..<bytes.count, using: &random)
            damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        if failure({ () throws(WeightsError) in try read(damaged) }) != nil { refused += 1 }
    }
    return (refused, runs - refused)
}

/// Weights that nobody has trained, and that still say something else of every picture.
func madeUpWeights(_ architecture: WeightArchitecture) -> [String: Tensor] {
    var random = SplitMix64(seed: 5)
    var tensors: [String: Tensor] = [:]
    for (name, shape) in architecture.expectedTensors.sorted(by: { $0.key < $1.key }) {
        let count = shape.reduce(1, *)
        if shape.count < 2 {
            let value: Float = name.hasSuffix("mean") || name.hasSuffix("bias") ? 0 : 1
            tensors[name] = Tensor(shape: shape, values: [Float](repeating: value, count: count))
        } else {
            // He et al.: the size of what a layer gives is that of what it gets.
            let range = (6 / Float(shape.dropFirst().reduce(1, *))).squareRoot()
            tensors[name] = Tensor(
                shape: shape, values: (0..<count).map { _ in Float.random(in: -range...range, using: &random) })
        }
    }
    return tensors
}
