extension TOMLReader {
    /// - Parameter depth: of the values around it.
    mutating func readValue(depth: Int) throws(TOMLError) -> TOMLValue {
        guard depth < Self.deepest else { throw error("values nested deeper than \(Self.deepest)") }
        switch peek() {
        case UInt8(ascii: "[")?: return .array(try readArray(depth: depth + 1))
        case UInt8(ascii: "{")?: return .table(try readInlineTable(depth: depth + 1))
        case UInt8(ascii: "\"")?:
            return .string(try skip("\"\"\"") ? readLines(escapes: true) : readBasicString())
        case UInt8(ascii: "'")?:
            return .string(try skip("'''") ? readLines(escapes: false) : readLiteralString())
        default: return try readWord()
        }
    }

    /// `[1, 2,]`, over as many lines as it likes.
    private mutating func readArray(depth: Int) throws(TOMLError) -> [TOMLValue] {
        var values: [TOMLValue] = []
        position += 1
        while true {
            try skipEmptyLines()
            if skip("]") { return values }
            values.append(try readValue(depth: depth))
            try skipEmptyLines()
            guard skip(",") else {
                guard skip("]") else { throw expected("',' or ']' in a list") }
                return values
            }
        }
    }

    /// `{ a = 1, b.c = 2 }` in one line.
    private mutating func readInlineTable(depth: Int) throws(TOMLError) -> TOMLTable {
        let table = TOMLTable(.braces, line: line)
        position += 1
        skipBlanks()
        if skip("}") { return table }
        while true {
            skipBlanks()
            try readPair(into: table, depth: depth)
            skipBlanks()
            guard skip(",") else {
                guard skip("}") else { throw expected("',' or '}' in a table") }
                return table
            }
        }
    }

    /// `true`, a number, or a date or time.
    private mutating func readWord() throws(TOMLError) -> TOMLValue {
        let start = position
        var word = take { Self.isLetterOrDigit($0) || "+-_.:".utf8.contains($0) }
        if Self.isDate(word), word.utf8.count == 10, peek() == UInt8(ascii: " "), peek(1).map(Self.isDigit) == true {
            position += 1
            word += " " + take { Self.isLetterOrDigit($0) || "+-.:".utf8.contains($0) }
        }
        switch word {
        case "": throw expected("a value")
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .float(.infinity)
        case "-inf": return .float(-.infinity)
        case "nan", "+nan", "-nan": return .float(.nan)
        default: break
        }
        if Self.isDate(word) || Self.isTime(word) { return .time(word) }
        if let digits = TOMLNumber(word) {
            guard let value = digits.value else {
                throw error("a number beyond 64 bits: \(TOMLText.shortened(word))", at: start)
            }
            return value
        }
        throw error(
            "expected a value, got \(TOMLText.quoted(word)) (text stands in quotation marks)", at: start)
    }

    private static func isDate(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        return bytes.count >= 10 && bytes[..<4].allSatisfy(isDigit) && bytes[4] == UInt8(ascii: "-")
    }

    private static func isTime(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        return bytes.count >= 8 && bytes[..<2].allSatisfy(isDigit) && bytes[2] == UInt8(ascii: ":")
    }
}

/// A number as TOML writes it: `-1_000`, `0xFF`, `6.02e23`.
private struct TOMLNumber {
    /// Without underscores.
    private let digits: String
    /// Nil = a floating-point number.
    private let radix: Int?

    /// Nil = it is none.
    init?(_ word: String) {
        let unsigned = word.first == "+" || word.first == "-" ? word.dropFirst() : word[...]
        let sign = word.first == "-" ? "-" : ""
        for (prefix, radix, letters) in [("0x", 16, "0123456789abcdefABCDEF"), ("0o", 8, "01234567"), ("0b", 2, "01")]
        where word.hasPrefix(prefix) {
            guard let digits = Self.plain(word.dropFirst(2), of: letters) else { return nil }
            (self.digits, self.radix) = (digits, radix)
            return
        }
        let exponent = unsigned.firstIndex { $0 == "e" || $0 == "E" }
        let mantissa = unsigned[..<(exponent ?? unsigned.endIndex)]
        let point = mantissa.firstIndex(of: ".")
        guard let whole = Self.plain(mantissa[..<(point ?? mantissa.endIndex)]), whole == "0" || whole.first != "0"
        else {
            return nil
        }
        var digits = sign + whole
        if let point {
            guard let fraction = Self.plain(mantissa[point...].dropFirst()) else { return nil }
            digits += "." + fraction
        }
        if let exponent {
            var power = unsigned[exponent...].dropFirst()
            digits += "e"
            if let sign = power.first, sign == "+" || sign == "-" {
                power = power.dropFirst()
                digits.append(sign)
            }
            guard let power = Self.plain(power) else { return nil }
            digits += power
        }
        self.digits = digits
        radix = point == nil && exponent == nil ? 10 : nil
    }

    /// Nil = it does not fit.
    var value: TOMLValue? {
        if let radix { return Int(digits, radix: radix).map(TOMLValue.integer) }
        return Double(digits).flatMap { $0.isFinite ? .float($0) : nil }
    }

    /// At least one digit, and underscores only between two of them, which are left out.
    private static func plain(_ text: Substring, of digits: String = "0123456789") -> String? {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ part in !part.isEmpty && part.allSatisfy { digits.contains($0) } }) else { return nil }
        return parts.joined()
    }
}
