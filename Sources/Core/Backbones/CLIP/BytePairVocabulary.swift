import Platform

/// The tokens of CLIP's byte pair encoding and the pairs that they are joined from (Sennrich et al. 2016; on bytes, as
/// Radford et al. 2019).
///
/// Tokens are numbered: the 256 bytes, the 256 bytes that end a word, then one for each merge in the order of the list, then
/// start and end of a text.
package struct BytePairVocabulary: Sendable, Equatable {
    /// Bytes in and at the end of a word, start and end of a text.
    static let fixedTokens = 514
    private static let version = "#version: 0.2"

    /// The merges, one a line: two tokens and a space between them.
    let lines: [String]
    /// The token that a pair of tokens becomes. Lower tokens come first.
    private let joined: [UInt64: Int32]

    /// Start of a text.
    package var start: Int32 { Int32(lines.count + 512) }
    /// End of a text.
    package var end: Int32 { start + 1 }
    /// The number of tokens.
    package var count: Int { lines.count + Self.fixedTokens }

    /// - Parameters:
    ///   - lines: at least as many merges as the vocabulary has; further ones are not used, as in OpenCLIP.
    ///   - size: tokens of the model.
    ///   - file: names the list in errors.
    /// - Throws: `malformed` naming the line.
    init(merges lines: some Collection<String>, size: Int, file: String) throws(WeightsError) {
        let count = size - Self.fixedTokens
        guard lines.count >= count else {
            throw .malformed(
                file: file, section: "merges", expected: "\(count) for the model's \(size) tokens",
                got: "\(lines.count)")
        }
        self.lines = Array(lines.prefix(count))
        var tokens: [String: Int32] = [:]
        for (index, byte) in Self.order.enumerated() {
            tokens[Self.character(of: byte)] = Int32(index)
            tokens[Self.character(of: byte) + "</w>"] = Int32(index + 256)
        }
        var joined: [UInt64: Int32] = [:]
        for (index, line) in self.lines.enumerated() {
            let halves = line.split(separator: " ", omittingEmptySubsequences: false)
            guard halves.count == 2, let left = tokens[String(halves[0])], let right = tokens[String(halves[1])] else {
                throw .malformed(
                    file: file, section: "merge \(index + 1)", expected: "two tokens that are there already",
                    got: "`\(line)`")
            }
            let name = String(halves[0] + halves[1])
            guard tokens[name] == nil else {
                throw .malformed(
                    file: file, section: "merge \(index + 1)", expected: "a new token", got: "`\(name)` again")
            }
            tokens[name] = Int32(512 + index)
            joined[Self.key(left, right)] = Int32(512 + index)
        }
        self.joined = joined
    }

    /// The token that two neighbours become; nil when they stay apart.
    func joined(_ left: Int32, _ right: Int32) -> Int32? { joined[Self.key(left, right)] }

    /// The tokens of single bytes.
    func token(of byte: UInt8, endsWord: Bool) -> Int32 { Int32(Self.rank[Int(byte)]) + (endsWord ? 256 : 0) }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The file that an import writes; equal vocabularies give equal bytes.
    var canonicalText: [UInt8] { Array(([Self.version] + lines).joined(separator: "\n").utf8) + [UInt8(ascii: "\n")] }

    /// SHA-256 of the file that an import writes, in hexadecimal.
    package var sha256: String { hexadecimal(SHA256.digest(of: canonicalText)) }

    /// The lines of a list of merges behind the line that says its version.
    static func merges(_ text: [UInt8]) -> some Collection<String> {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true)
        return lines.map(String.init).dropFirst()
    }
}

// Bytes in the vocabulary's files are printable characters: those of Latin-1 that are, as they are, the others as those from
// U+0100 on.
extension BytePairVocabulary {
    private static let printable: [UInt8] =
        Array(0x21...0x7e) + Array(0xa1...0xac) + Array(0xae...0xff)
    /// Bytes in the order of their tokens.
    private static let order: [UInt8] = printable + (0...255).filter { !printable.contains($0) }
    private static let rank: [Int] = (0...255).map { byte in order.firstIndex(of: UInt8(byte)) ?? 0 }

    private static func character(of byte: UInt8) -> String {
        let rank = rank[Int(byte)]
        let scalar = rank < printable.count ? UInt32(byte) : UInt32(256 + rank - printable.count)
        return Unicode.Scalar(scalar).map { String($0) } ?? ""
    }

    /// The names of all tokens but start and end, in order.
    var names: [String] {
        let bytes = Self.order.map(Self.character(of:))
        return bytes + bytes.map { $0 + "</w>" } + lines.map { $0.replacing(" ", with: "") }
    }
}
