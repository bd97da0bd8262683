import Core
import Foundation
import Testing

@Suite struct TokenizerTests {
    private let tokenizer: BytePairTokenizer

    init() throws { tokenizer = try Self.tokenizer(Self.fixture) }

    private static var fixture: String {
        get throws { try #require(Bundle.module.path(forResource: "Fixtures/clip/tokenizer", ofType: nil)) }
    }

    /// - Parameter size: tokens, start and end included.
    private static func tokenizer(_ folder: String, size: Int = 1214) throws -> BytePairTokenizer {
        BytePairTokenizer(try BytePairVocabulary.read(folder: folder, size: size))
    }

    @Test func tenThousandTextsGiveOpenCLIPsTokens() throws {
        try compare(try Self.fixture, tokenizer)
    }

    /// The folder is one that `Tools/make_tokenizer_fixtures.py` wrote with CLIP's own vocabulary.
    @Test(.enabled(if: parity != nil, "FSAC_TOKENIZER_PARITY names no folder: see `make parity`"))
    func tenThousandTextsGiveOpenCLIPsTokensWithTheWholeVocabulary() throws {
        let folder = try #require(Self.parity)
        try compare(folder, try Self.tokenizer(folder, size: 49408))
    }

    private static let parity = ProcessInfo.processInfo.environment["FSAC_TOKENIZER_PARITY"]

    private func compare(_ folder: String, _ tokenizer: BytePairTokenizer) throws {
        let compressed = try [UInt8](Data(contentsOf: URL(filePath: folder + "/texts.gz")))
        let lines = try Gzip.decompressed(compressed, file: "texts.gz").split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 10_000)
        var wrong: [String] = []
        for line in lines {
            let text = try JSONDecoder().decode(String.self, from: Data(line.dropFirst(9)))
            let hash = String(decoding: line.prefix(8), as: UTF8.self)
            if hash != Self.hash(tokenizer.tokens(of: text, contextLength: 77)) {
                wrong.append(String(decoding: line.dropFirst(9).prefix(200), as: UTF8.self))
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count) differ: \(wrong.prefix(20).joined(separator: "\n"))")
    }

    /// FNV-1a over the tokens, 4 bytes each.
    private static func hash(_ tokens: [Int32]) -> String {
        var value: UInt32 = 0x811c_9dc5
        for token in tokens {
            for byte in littleEndian(token) { value = (value ^ UInt32(byte)) &* 0x0100_0193 }
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    @Test func aTextIsBetweenStartAndEndAndFilledUpWithZeros() {
        // No vocabulary has merges of a single byte: `!` is byte 0 of the list, 256 more at the end of a word.
        #expect(tokenizer.tokens(of: "!", contextLength: 5) == [1212, 256, 1213, 0, 0])
        #expect(tokenizer.tokens(of: "", contextLength: 4) == [1212, 1213, 0, 0])
        #expect(tokenizer.tokens(of: " \n\t ", contextLength: 4) == [1212, 1213, 0, 0])
    }

    @Test func aTextThatIsTooLongIsCutAndStillEnds() {
        let tokens = tokenizer.tokens(of: String(repeating: "! ", count: 100), contextLength: 6)
        #expect(tokens == [1212, 256, 256, 256, 256, 1213])
    }

    @Test func capitalsSpacesAndTheWayAnAccentIsWrittenMakeNoDifference() {
        let plain = tokenizer.tokens(of: "a photo of a \"bottle\" cap's caf\u{e9}", contextLength: 77)
        let other = "  A  PHOTO of\ta\u{a0}\"Bottle\"\u{2028}cap's cafe\u{301} "
        #expect(tokenizer.tokens(of: other, contextLength: 77) == plain)
    }

    @Test func typographicFormsAreReadAsTheyStand() {
        // OpenCLIP reads the first as the second: what it repairs is what is left out here.
        let quoted = tokenizer.tokens(of: "\u{201c}bottle\u{201d}", contextLength: 77)
        #expect(quoted != tokenizer.tokens(of: "\"bottle\"", contextLength: 77))
    }

    @Test(arguments: [
        ("cap \u{0} lid", "U+0000"), ("cap\nlid", "U+000A"), ("cap \u{1b}[31m", "U+001B"), ("cap \u{85} lid", "U+0085"),
        ("\u{feff}cap", "U+FEFF"), ("nut &amp; bolt", "&amp;"), ("cap&#39;s", "&#39;"), ("caf&#xE9;", "&#xE9;"),
    ])
    func controlCharactersAndReferencesAreNamed(_ text: String, _ got: String) throws {
        #expect(try #require(PromptText.problem(in: text)).got == got)
    }

    @Test(arguments: [
        "metal bottle cap", "R&D", "nut & bolt; lid", "&#;", "caf\u{e9} \u{4e2d}\u{6587}", "\u{1f468}\u{200d}\u{1f469}",
    ])
    func otherTextsAreNot(_ text: String) { #expect(PromptText.problem(in: text) == nil) }
}
