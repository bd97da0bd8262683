import Core
import Foundation
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
