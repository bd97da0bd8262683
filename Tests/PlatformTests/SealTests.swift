import Platform
import Testing

@Suite struct SealTests {
    private let content = Array(#"{"generation":3,"before":[1,2]}"#.utf8)

    @Test func whatWasSealedIsReadAsItWas() {
        for content in [content, [], Array("\n".utf8), Array("two\nlines\n".utf8)] {
            #expect(Seal.open(Seal.sealed(content)) == .sound(content))
        }
    }

    /// SHA-256 of "abc" and a line end, by sha256sum.
    @Test func theLastLineIsTheDigestOfAllBeforeIt() {
        let line = #"{"sha256":"edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb"}"#
        #expect(String(decoding: Seal.sealed(Array("abc".utf8)), as: UTF8.self) == "abc\n" + line + "\n")
    }

    @Test func everyFlippedBitIsNoticed() {
        let sealed = Seal.sealed(content)
        for place in sealed.indices {
            for bit in 0..<8 {
                var damaged = sealed
                damaged[place] ^= 1 << bit
                if case .sound = Seal.open(damaged) { Issue.record("bit \(bit) of byte \(place)") }
            }
        }
    }

    @Test func aDocumentThatIsCutAnywhereHasNoSeal() {
        let sealed = Seal.sealed(content)
        for length in 0..<sealed.count {
            if case .missing = Seal.open(Array(sealed.prefix(length))) { continue }
            Issue.record("cut to \(length) bytes")
        }
    }
}
