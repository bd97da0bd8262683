internal import Foundation

/// What CLIP's tokenizer does with a text before the byte pairs: white space, lower case, and the cut into words, each as
/// OpenCLIP's `SimpleTokenizer` does it, on Unicode scalars.
///
/// OpenCLIP begins with a repair (`ftfy.fix_text` and HTML's character references). Of this only the canonical composition is
/// done here; ``problem(in:)`` refuses the rest where it would lose something, and typographic quotes, ligatures and wide forms
/// stay what they are.
package enum PromptText {
    /// The text of a token, as it may stand in a prompt.
    static let startName = Array("<start_of_text>".unicodeScalars)
    static let endName = Array("<end_of_text>".unicodeScalars)
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

    /// Why a text cannot be said of a part: control characters, and references such as `&amp;`, of which nobody sees what CLIP
    /// would make of them. Nil if it can.
    package static func problem(in text: String) -> (expected: String, got: String)? {
        if let control = text.unicodeScalars.first(where: isControl) {
            let digits = String(control.value, radix: 16, uppercase: true)
            let padding = String(repeating: "0", count: max(4 - digits.count, 0))
            return ("a text without control characters (take it out or write a space)", "U+\(padding)\(digits)")
        }
        if let reference = text.firstMatch(of: /&(#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);/) {
            return ("a text without HTML's references (write the character itself)", "\(reference.output.0)")
        }
        return nil
    }

    static func cleaned(_ text: String) -> [Unicode.Scalar] {
        // Decomposed first: Foundation alone leaves U+0F73 behind other marks in the wrong order.
        let composed = text.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
        let words = composed.unicodeScalars.split { isSpace($0) }
        return lowercased(Array(words.joined(separator: [" "])))
    }

    /// Contractions, runs of letters, single digits, runs of anything else but spaces.
    static func pieces(of text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var pieces: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        while start < text.count {
            let end = pieceEnd(text, start)
            if end > start { pieces.append(text[start..<end]) }
            start = max(end, start + 1)
        }
        return pieces
    }

    private enum Kind {
        case letter
        case number
        case space
        case other

        init(_ scalar: Unicode.Scalar) {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
            case .decimalNumber, .letterNumber, .otherNumber: self = .number
            // The iota below is a letter in capitals and a mark else: the expression that OpenCLIP cuts with, which does not
            // look at case, takes it for neither and skips it.
            case .nonspacingMark where scalar == "\u{345}": self = .space
            default: self = isSpace(scalar) ? .space : .other
            }
        }
    }

    private static func pieceEnd(_ text: [Unicode.Scalar], _ start: Int) -> Int {
        for name in [startName, endName] + contractions where hasPrefix(text[start...], name) {
            return start + name.count
        }
        let kind = Kind(text[start])
        switch kind {
        case .space: return start
        case .number: return start + 1
        case .letter, .other: return text[start...].firstIndex { Kind($0) != kind } ?? text.count
        }
    }

    /// The long s is an s to the expression that OpenCLIP cuts with.
    private static func hasPrefix(_ text: ArraySlice<Unicode.Scalar>, _ name: [Unicode.Scalar]) -> Bool {
        text.count >= name.count && zip(text, name).allSatisfy { $0 == $1 || $1 == "s" && $0 == "\u{17f}" }
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

    /// Those that Unicode calls control characters, and those that ftfy takes out as such.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x206a...0x206f, 0xfeff, 0xfff9...0xfffc: true
        default: scalar.properties.generalCategory == .control
        }
    }

    /// Unicode's full lower-case mapping with the rule for a sigma that ends a word (Unicode 3.13, table 3-17).
    static func lowercased(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        for (index, scalar) in text.enumerated() {
            if scalar.isASCII {
                result.append(("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
            } else if scalar == "\u{3a3}" {
                result.append(endsWord(text, index) ? "\u{3c2}" : "\u{3c3}")
            } else {
                result += scalar.properties.lowercaseMapping.unicodeScalars
            }
        }
        return result
    }

    private static func endsWord(_ text: [Unicode.Scalar], _ index: Int) -> Bool {
        let before = text[..<index].last { !$0.properties.isCaseIgnorable }
        let after = text[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && after?.properties.isCased != true
    }
}
