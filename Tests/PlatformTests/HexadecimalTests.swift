import Platform
import Testing

@Suite struct HexadecimalTests {
    @Test func eachByteIsTwoLowerCaseDigits() {
        #expect(hexadecimal([0x00, 0x0F, 0xF0, 0xAB, 0xFF]) == "000ff0abff")
        #expect(hexadecimal([0x00, 0x0F, 0xF0], separator: " ") == "00 0f f0")
        #expect(hexadecimal([]) == "")
    }
}
