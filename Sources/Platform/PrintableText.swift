/// Text of others (names of files, words of drivers and of clients) made fit for a log and a terminal: nothing in it moves a
/// cursor, ends a line, hides what follows or turns the direction of reading.
package enum PrintableText {
    /// On one line: line ends and tabs become blanks, and what else is no character to be seen stands as `\u{1B}`.
    ///
    /// - Parameter limit: bytes of UTF-8; what is longer is cut at a character and ends with `…`.
    package static func line(_ text: String, atMost limit: Int = .max) -> String {
        let clean = escaped(text) { scalar in
            switch scalar {
            case "\n", "\r", "\t", "\u{0B}", "\u{0C}", "\u{85}", "\u{2028}", "\u{2029}": " "
            default: nil
            }
        }
        guard clean.utf8.count > limit else { return clean }
        var (cut, count) = ("", 0)
        for character in clean {
            count += character.utf8.count
            guard count <= limit - "…".utf8.count else { break }
            cut.append(character)
        }
        return cut + "…"
    }

    /// As ``line(_:atMost:)``, but line ends stay.
    package static func lines(_ text: String) -> String {
        escaped(text) { $0 == "\n" ? "\n" : $0 == "\t" ? " " : nil }
    }

    /// Whether a terminal would do something else with it than show it.
    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // C0, DEL and C1, of which some terminals take U+009B for the beginning of a command.
        case 0..<0x20, 0x7F...0x9F: true
        // Line and paragraph ends; marks that turn the direction of reading: `gpj.exe` reads as `exe.jpg`.
        case 0x2028, 0x2029, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// - Parameter keep: what a control character becomes; nil = its number.
    private static func escaped(_ text: String, _ keep: (Unicode.Scalar) -> String?) -> String {
        // Nearly always, and each line of the log comes by here.
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var clean = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                clean += keep(scalar) ?? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                clean.unicodeScalars.append(scalar)
            }
        }
        return clean
    }
}
