import Core
import FoundationEssentials
import Settings
import TOML
import TestSupport
import Testing

/// A configuration may be anything: it is read or refused with a message, and nothing else happens.
@Suite struct ConfigurationFuzzTests {
    private static let example = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../config.toml.example").standardizedFileURL.path

    @Test(arguments: HostileConfigurations.all.map(\.name)) func whatKilledAReaderIsRefused(name: String) throws {
        let bytes = try #require(HostileConfigurations.all.first { $0.name == name }).bytes
        let folder = try TemporaryFolder()
        try folder.write(bytes, to: "c.toml")
        let outcome = Self.outcome { () throws(ConfigurationError) in
            try Configuration.load(path: "\(folder.path)/c.toml")
        }
        Self.check(try #require(outcome, "accepted"), of: bytes, file: "\(folder.path)/c.toml")
    }

    /// 20,000 stretches of the example, each damaged in up to four places.
    @Test func aDamagedExampleIsReadOrRefused() throws {
        let example = Array(try String(contentsOfFile: Self.example, encoding: .utf8).utf8)
        var random = SplitMix64(seed: 11)
        var (accepted, refused) = (0, 0)
        for _ in 0..<20_000 {
            var bytes = Self.stretch(of: example, &random)
            for _ in 0..<Int.random(in: 1...4, using: &random) { Self.damage(&bytes, &random) }
            // The file has to be UTF-8, else it is not even looked into.
            let text = String(decoding: bytes, as: UTF8.self)
            if let message = Self.outcome(of: text) {
                Self.check(message, of: Array(text.utf8), file: "c.toml")
                refused += 1
            } else {
                accepted += 1
            }
        }
        #expect(accepted > 100 && refused > 10_000, "accepted \(accepted), refused \(refused)")
    }

    /// 500 damaged copies of the whole file, cut, doubled and with other ends of lines.
    @Test func aDamagedWholeExampleIsReadOrRefused() throws {
        let example = Array(try String(contentsOfFile: Self.example, encoding: .utf8).utf8)
        var random = SplitMix64(seed: 12)
        for index in 0..<500 {
            var bytes = example
            if index % 5 == 0 {
                bytes = Array(String(decoding: bytes, as: UTF8.self).replacing("\n", with: "\r\n").utf8)
            }
            if index % 7 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            if index % 11 == 0 { bytes += bytes }
            for _ in 0..<Int.random(in: 1...20, using: &random) { Self.damage(&bytes, &random) }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let message = Self.outcome(of: text) else { continue }
            Self.check(message, of: Array(text.utf8), file: "c.toml")
        }
    }

    // MARK: -

    /// Nil = accepted.
    private static func outcome(_ read: () throws(ConfigurationError) -> Configuration) -> ConfigurationError? {
        do throws(ConfigurationError) {
            _ = try read()
            return nil
        } catch {
            return error
        }
    }

    private static func outcome(of text: String) -> ConfigurationError? {
        outcome { () throws(ConfigurationError) in try Configuration(toml: text, file: "c.toml") }
    }

    /// What every refusal has: a short message that a terminal can show, and a place that the file has.
    private static func check(_ refusal: ConfigurationError, of bytes: [UInt8], file: String) {
        let message = refusal.description
        #expect(message.hasPrefix("configuration: \(file):"), "\(message)")
        #expect(message.utf8.count < 4000, "\(message.utf8.count) bytes: \(message.prefix(200))")
        #expect(!message.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "\(message.debugDescription)")
        guard case .syntax(_, let line, let column, _) = refusal else { return }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        #expect((1...lines.count).contains(line), "\(message)")
        let longest = lines.indices.contains(line - 1) ? lines[line - 1].count + 1 : 0
        #expect(column >= 1 && column <= longest, "\(message)")
    }

    private static func stretch(of example: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        let lines = example.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .filter { !$0.starts(with: [UInt8(ascii: "#")]) || Int.random(in: 0..<8, using: &random) == 0 }
        let first = Int.random(in: 0..<lines.count, using: &random)
        let count = Int.random(in: 1...12, using: &random)
        return Array(lines[first...].prefix(count).joined(separator: [UInt8(ascii: "\n")]))
    }

    private static let tokens =
        [
            "[", "]", "[[", "]]", "[[[", "{", "}", "=", ".", ",", "\"", "'", "\"\"\"", "'''", "\\", "#", "\n", "\r",
            "\r\n", "\0", "\t", " ", "-", "+", "_", ":", "0x", "1e", "e9999", "inf", "nan", "true", "1979-05-27",
            "07:32:00",
            "\u{FEFF}", "\\u12", "\\U0000D800", "a.b", "[a", "[.a]", "a=", "99999999999999999999",
            "-9223372036854775808",
            "\u{1B}[2J", "é", "[recipe]", "[camera.controls]",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]

    private static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let rest = bytes.count - place
        switch Int.random(in: 0..<7, using: &random) {
        case 0 where rest > 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where rest > 0: bytes.removeSubrange(place..<place + min(rest, Int.random(in: 1...10, using: &random)))
        case 2:
            let piece = bytes[place...].prefix(Int.random(in: 1...40, using: &random))
            bytes.insert(contentsOf: Array(piece), at: Int.random(in: 0...bytes.count, using: &random))
        case 3:
            let token = tokens[Int.random(in: tokens.indices, using: &random)]
            let count = Int.random(in: 1...60, using: &random)
            bytes.insert(contentsOf: Array(repeatElement(token, count: count).joined()), at: place)
        default: bytes.insert(contentsOf: tokens[Int.random(in: tokens.indices, using: &random)], at: place)
        }
    }
}
