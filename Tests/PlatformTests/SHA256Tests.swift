import Core
import Foundation
import Platform
import Testing

@Suite struct SHA256Tests {
    /// The examples of FIPS 180-4 and the empty message.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func theStandardsExamplesHaveTheStandardsDigests(message: String, digest: String) {
        #expect(hexadecimal(SHA256.digest(of: message.utf8)) == digest)
    }

    @Test func aMillionTimesTheLetterAHasTheStandardsDigest() {
        #expect(
            hexadecimal(SHA256.digest(of: repeatElement(UInt8(ascii: "a"), count: 1_000_000)))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func bytesInPiecesHaveTheDigestOfTheWhole() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<50 {
            let bytes = (0..<Int.random(in: 0...500, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var hash = SHA256()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...130, using: &random))
                piece.withUnsafeBytes { hash.update($0) }
                rest = rest.dropFirst(piece.count)
            }
            #expect(hash.finalize() == SHA256.digest(of: bytes))
        }
    }

    @Test func moreBytesMayFollowADigest() {
        var hash = SHA256()
        "ab".utf8.withContiguousStorageIfAvailable { hash.update(UnsafeRawBufferPointer($0)) }
        #expect(hash.finalize() == SHA256.digest(of: "ab".utf8))
        "c".utf8.withContiguousStorageIfAvailable { hash.update(UnsafeRawBufferPointer($0)) }
        #expect(hash.finalize() == SHA256.digest(of: "abc".utf8))
    }

    /// coreutils' program, on files of random lengths.
    @Test func theSystemsProgramGivesTheSameDigests() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/sha256-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var random = SplitMix64(seed: 2)
        var expected: [String] = []
        for file in 0..<40 {
            let length =
                file < 20 ? Int.random(in: 0...200, using: &random) : Int.random(in: 200...300_000, using: &random)
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            try Data(bytes).write(to: URL(filePath: "\(folder)/\(file)"))
            expected.append("\(hexadecimal(SHA256.digest(of: bytes)))  \(file)")
        }
        let program = Process()
        program.executableURL = URL(filePath: "/usr/bin/sha256sum")
        program.arguments = (0..<40).map { "\($0)" }
        program.currentDirectoryURL = URL(filePath: folder)
        let output = Pipe()
        program.standardOutput = output
        try program.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        program.waitUntilExit()
        #expect(text.split(separator: "\n").map(String.init) == expected)
    }
}
