import Foundation

/// What `ftfy.fix_text` of ftfy 6.3 does to a text, in its order, with its defaults, line by line until nothing changes:
/// HTML's character references, C1 controls, ligatures, widths, quotes, line breaks, terminal escapes, control characters,
/// Unicode's canonical composition.
///
/// What it does besides and this does not: it guesses mojibake, text that was decoded in a wrong encoding (`schÃ¶n`), and
/// decodes it anew.
enum TextRepair {
    static func fixed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var isHTML = false
        for line in lines(text) {
            // A tag says that references are meant as such, from there on.
            isHTML = isHTML || line.contains("<")
            var line = line
            while true {
                let next = pass(line, unescaping: !isHTML && !line.contains("<"))
                if next == line { break }
                line = next
            }
            result += line
        }
        return result
    }

    /// Each with its line feed.
    private static func lines(_ text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = []
        var start = 0
        while start < text.count {
            let end = (text[start...].firstIndex(of: "\n") ?? text.count - 1) + 1
            lines.append(Array(text[start..<end]))
            start = end
        }
        return lines
    }

    private static func pass(_ text: [Unicode.Scalar], unescaping: Bool) -> [Unicode.Scalar] {
        var text = unescaping ? HTMLEntities.repaired(text) : text
        if text.allSatisfy({ (0x20...0x7e).contains($0.value) || $0 == "\n" || $0 == "\t" }) { return text }
        text = text.map(HTMLEntities.windows1252)
        text = text.flatMap { ligatures[$0] ?? [$0] }
        text = text.flatMap { widths[$0] ?? [$0] }
        text = withoutEscapes(withPlainBreaks(text.map(straight)))
        text.removeAll(where: isControl)
        return composed(text)
    }

    private static let ligatures: [Unicode.Scalar: [Unicode.Scalar]] = [
        "\u{132}": "IJ", "\u{133}": "ij", "\u{149}": "\u{2bc}n", "\u{1f1}": "DZ", "\u{1f2}": "Dz", "\u{1f3}": "dz",
        "\u{1c4}": "D\u{17d}", "\u{1c5}": "D\u{17e}", "\u{1c6}": "d\u{17e}", "\u{1c7}": "LJ", "\u{1c8}": "Lj",
        "\u{1c9}": "lj", "\u{1ca}": "NJ", "\u{1cb}": "Nj", "\u{1cc}": "nj", "\u{fb00}": "ff", "\u{fb01}": "fi",
        "\u{fb02}": "fl", "\u{fb03}": "ffi", "\u{fb04}": "ffl", "\u{fb05}": "\u{17f}t", "\u{fb06}": "st",
    ].mapValues { (letters: String) in Array(letters.unicodeScalars) }

    /// Fullwidth and halfwidth forms, and the ideographic space, in their usual width.
    private static let widths: [Unicode.Scalar: [Unicode.Scalar]] = {
        var table: [Unicode.Scalar: [Unicode.Scalar]] = ["\u{3000}": [" "]]
        for scalar in (UInt32(0xff01)...0xffef).compactMap(Unicode.Scalar.init) {
            let usual = Array(String(scalar).precomposedStringWithCompatibilityMapping.unicodeScalars)
            if usual != [scalar] { table[scalar] = usual }
        }
        return table
    }()

    private static func straight(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x2bc, 0x2018...0x201b: "'"
        case 0x201c...0x201f: "\""
        default: scalar
        }
    }

    private static func withPlainBreaks(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        for (index, scalar) in text.enumerated() {
            switch scalar {
            case "\n" where index > 0 && text[index - 1] == "\r": continue
            case "\r", "\u{2028}", "\u{2029}", "\u{85}": result.append("\n")
            default: result.append(scalar)
            }
        }
        return result
    }

    /// Takes out `ESC [ digits and semicolons letter`, with which colours are switched in terminals.
    private static func withoutEscapes(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains("\u{1b}") else { return text }
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < text.count {
            if text[index] == "\u{1b}", index + 1 < text.count, text[index + 1] == "[" {
                let end = text[(index + 2)...].firstIndex {
                    $0 != ";" && $0.properties.generalCategory != .decimalNumber
                }
                if let end, text[end].isASCII, text[end].properties.isAlphabetic {
                    index = end + 1
                    continue
                }
            }
            result.append(text[index])
            index += 1
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...8, 0xb, 0xe...0x1f, 0x7f, 0x206a...0x206f, 0xfeff, 0xfff9...0xfffc: true
        default: false
        }
    }

    /// Normalisation form C.
    private static func composed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        // Below the first combining mark every text is composed.
        guard text.contains(where: { $0.value >= 0x300 }) else { return text }
        var string = String.UnicodeScalarView()
        string.append(contentsOf: text)
        return Array(String(string).precomposedStringWithCanonicalMapping.unicodeScalars)
    }
}
