import Platform
import Testing

@Suite struct PINHashTests {
    @Test func theKeyIsThatOfTheRFC() {
        // RFC 7914, section 12, the third vector.
        let key = PINHash.scrypt(
            Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8), cost: 16384, count: 64)
        let expected =
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        #expect(key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
    }

    @Test func aPINIsKnownAgainByItsTextAndNoOtherIs() throws {
        let hash = try #require(PINHash(of: "4711"))
        let read = try #require(PINHash(text: hash.text))
        #expect(read == hash && read.matches("4711"))
        for other in ["4712", "", "04711", "471"] { #expect(!read.matches(other), "\(other)") }
        // The same PIN of two stations is not seen to be the same.
        #expect(PINHash(of: "4711") != hash)
    }

    @Test func onlyDigitsAreAPINAndOnlyWholeTextIsOneOfIt() throws {
        for pin in ["", "471", "4711a", "１２３４", "1234567890123", " 4711"] { #expect(PINHash(of: pin) == nil, "\(pin)") }
        let text = try #require(PINHash(of: "123456789012")).text
        for damaged in [
            String(text.dropLast()), String(text.dropLast(2)), text + "00", text.uppercased(),
            text.replacing("scrypt", with: "md5"),
            text.replacing(":", with: ""), "scrypt::", "",
        ] { #expect(PINHash(text: damaged) == nil, "\(damaged)") }
    }

    @Test func whoGuessesHasFiveTriesAMinute() {
        var limit = TryLimit(5, in: .seconds(60))
        let taken = [0, 1, 2, 3, 4, 5, 59, 60, 60].map { limit.take(at: .seconds($0)) }
        #expect(taken == [true, true, true, true, true, false, false, true, false])
        // One that was right is none.
        limit.forgive(at: .seconds(60))
        let again = limit.take(at: .seconds(60))
        #expect(again)
    }
}
