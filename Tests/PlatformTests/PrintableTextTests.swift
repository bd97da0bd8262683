import Platform
import Testing

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("blot ø4 \\ \"a\" 👩‍🔬.png", "blot ø4 \\ \"a\" 👩‍🔬.png"),
        // Clears the screen, sets the window's title, and rings.
        ("\u{1B}[2J\u{1B}]0;OK\u{07}.jpg", "\\u{1B}[2J\\u{1B}]0;OK\\u{7}.jpg"),
        // The same commands in one character, which some terminals know.
        ("\u{9B}2J", "\\u{9B}2J"),
        ("a\nNG\r\tb\u{2028}c", "a NG  b c"),
        // Reads as `exe.jpg`.
        ("\u{202E}gpj.exe", "\\u{202E}gpj.exe"),
    ])
    func whatATerminalWouldObeyIsShownInstead(text: String, shown: String) {
        #expect(PrintableText.line(text) == shown)
    }

    @Test func longTextIsCutAtACharacter() {
        #expect(PrintableText.line("øøøø", atMost: 8) == "øøøø")
        #expect(PrintableText.line("øøøø", atMost: 7) == "øø…")
        #expect(PrintableText.line(String(repeating: "\u{1B}", count: 1000), atMost: 300).utf8.count <= 300)
    }

    @Test func textOfSeveralLinesKeepsThem() {
        #expect(PrintableText.lines("a\n  b\u{1B}[31m") == "a\n  b\\u{1B}[31m")
    }
}
