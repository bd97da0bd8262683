extension TOMLReader {
    /// `"..."` in one line.
    mutating func readBasicString() throws(TOMLError) -> String {
        position += 1
        var text: [UInt8] = []
        while !skip("\"") {
            if skip("\\") {
                text.append(contentsOf: try readEscape().utf8)
            } else {
                text.append(try readByte())
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `'...'` in one line, as it stands.
    mutating func readLiteralString() throws(TOMLError) -> String {
        position += 1
        var text: [UInt8] = []
        while !skip("'") { text.append(try readByte()) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The rest of `"""..."""`, with escapes, or of `'''...'''`.
    mutating func readLines(escapes: Bool) throws(TOMLError) -> String {
        let quote = escapes ? UInt8(ascii: "\"") : UInt8(ascii: "'")
        var text: [UInt8] = []
        _ = skipNewline()
        while true {
            if skipNewline() {
                text.append(UInt8(ascii: "\n"))
            } else if escapes, skip("\\") {
                if try !skipLineEnding() { text.append(contentsOf: try readEscape().utf8) }
            } else if escapes ? skip("\"\"\"") : skip("'''") {
                // Up to two quotation marks before the three that end it belong to the text.
                for _ in 0..<2 where peek() == quote {
                    text.append(quote)
                    position += 1
                }
                return String(decoding: text, as: UTF8.self)
            } else {
                text.append(try readByte())
            }
        }
    }

    /// One byte of a text. The file is UTF-8, so a text that ends at an ASCII character is, too.
    private mutating func readByte() throws(TOMLError) -> UInt8 {
        guard let byte = peek(), !Self.isControl(byte) else { throw expected("text and its end, a quotation mark") }
        position += 1
        return byte
    }

    /// A backslash that ends its line: this, and all blanks and empty lines that follow, are no text.
    private mutating func skipLineEnding() throws(TOMLError) -> Bool {
        let start = position
        skipBlanks()
        guard skipNewline() else {
            position = start
            return false
        }
        repeat { skipBlanks() } while skipNewline()
        return true
    }

    /// What stands behind a backslash.
    private mutating func readEscape() throws(TOMLError) -> String {
        let start = position - 1
        guard let byte = peek() else { throw expected("text and its end, a quotation mark") }
        position += 1
        switch byte {
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = bytes[position...].prefix(byte == UInt8(ascii: "u") ? 4 : 8)
            if digits.count == (byte == UInt8(ascii: "u") ? 4 : 8), digits.allSatisfy(Self.isLetterOrDigit),
                let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(number)
            {
                position += digits.count
                return String(Character(scalar))
            }
            throw error("expected a character's number in 4 (\\u) or 8 (\\U) hexadecimal digits", at: start)
        default:
            position -= 1
            throw expected("b, t, n, f, r, u, U, \\ or a quotation mark after \\")
        }
    }
}
