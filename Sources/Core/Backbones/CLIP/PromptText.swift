/// What CLIP's tokenizer does with a text before the byte pairs: `ftfy.fix_text`, HTML's character references twice, white
/// space, lower case, and the cut into words, each as OpenCLIP's `SimpleTokenizer` does it, on Unicode scalars.
enum PromptText {
    /// The text of a token, as it may stand in a prompt.
    static let startName = Array("<start_of_text>".unicodeScalars)
    static let endName = Array("<end_of_text>".unicodeScalars)
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

    static func cleaned(_ text: String) -> [Unicode.Scalar] {
        let fixed = TextRepair.fixed(Array(text.unicodeScalars))
        let plain = HTMLEntities.unescaped(HTMLEntities.unescaped(fixed))
        let words = plain.split { isSpace($0) }
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

    /// What Python takes for white space.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 9...13, 0x1c...0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000: true
        default: false
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
