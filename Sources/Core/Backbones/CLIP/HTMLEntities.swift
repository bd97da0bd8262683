/// HTML's character references: `&eacute;`, `&#233;`, `&#xe9;`.
enum HTMLEntities {
    /// As `html.unescape` of Python does it, which is HTML's own rule: names may lack their semicolon where the standard lets
    /// them, and the longest name counts.
    static func unescaped(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        replacing(text) { rest in
            if let (value, end) = number(rest) { return (value, end) }
            var name = rest.dropFirst().prefix(32).prefix { !"\t\n\u{c} <&#;".unicodeScalars.contains($0) }
            guard !name.isEmpty else { return nil }
            let end = name.endIndex
            if end < rest.endIndex, rest[end] == ";", let value = table[string(name) + ";"] {
                return (value, end + 1)
            }
            while !name.isEmpty {
                if let value = table[string(name)], name.count > 1 { return (value, name.endIndex) }
                name = name.dropLast()
            }
            return nil
        }
    }

    /// As ftfy does it: only what ends in a semicolon, also names in capitals where that cannot be mistaken.
    static func repaired(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        replacing(text) { rest in
            let isNumber = rest.dropFirst().first == "#"
            let name = rest.dropFirst(isNumber ? 2 : 1).prefix { $0.isASCII && isLetterOrDigit($0) }
            guard (1...24).contains(name.count), name.endIndex < rest.endIndex, rest[name.endIndex] == ";" else {
                return nil
            }
            let end = name.endIndex + 1
            guard isNumber else {
                let key = string(name) + ";"
                return (table[key] ?? capitals[key]).map { ($0, end) }
            }
            guard let (value, numberEnd) = number(rest), numberEnd == end, value != [";"] else { return nil }
            return (value, end)
        }
    }

    /// Puts something else for every reference that `replacement` knows: what, and where the text goes on.
    private static func replacing(
        _ text: [Unicode.Scalar], _ replacement: (ArraySlice<Unicode.Scalar>) -> ([Unicode.Scalar], Int)?
    ) -> [Unicode.Scalar] {
        guard text.contains("&") else { return text }
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < text.count {
            if text[index] == "&", let (value, end) = replacement(text[index...]) {
                result += value
                index = end
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    /// A reference by number at the beginning of `rest`, and where it ends.
    private static func number(_ rest: ArraySlice<Unicode.Scalar>) -> ([Unicode.Scalar], Int)? {
        var rest = rest.dropFirst()
        guard rest.first == "#" else { return nil }
        rest = rest.dropFirst()
        let isHexadecimal = rest.first == "x" || rest.first == "X"
        if isHexadecimal { rest = rest.dropFirst() }
        let radix: UInt32 = isHexadecimal ? 16 : 10
        var value: UInt32 = 0
        let digits = rest.prefix { $0.isASCII && Character($0).hexDigitValue.map { $0 < Int(radix) } == true }
        guard !digits.isEmpty else { return nil }
        for digit in digits {
            value = min(value * radix + UInt32(Character(digit).hexDigitValue ?? 0), 0x11_0000)
        }
        let end = digits.endIndex
        return (scalars(of: value), end < rest.endIndex && rest[end] == ";" ? end + 1 : end)
    }

    /// What a number stands for (HTML standard, 13.2.5.80): Windows-1252 for C1 controls, nothing for other controls.
    private static func scalars(of value: UInt32) -> [Unicode.Scalar] {
        guard value != 0, let scalar = Unicode.Scalar(value) else { return ["\u{fffd}"] }
        switch value {
        case 0x80...0x9f: return [windows1252(scalar)]
        case 1...8, 0xb, 0xe...0x1f, 0x7f, 0xfdd0...0xfdef: return []
        default: return value & 0xfffe == 0xfffe ? [] : [scalar]
        }
    }

    /// The character that Windows-1252 has in the place of a C1 control; others stay.
    static func windows1252(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard (0x80...0x9f).contains(scalar.value) else { return scalar }
        let code = c1[Int(scalar.value - 0x80)]
        return Unicode.Scalar(code) ?? scalar
    }

    private static let c1: [UInt32] = [
        0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d,
        0x8f,
        0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e,
        0x178,
    ]

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        ("0"..."9").contains(scalar) || ("A"..."Z").contains(scalar) || ("a"..."z").contains(scalar)
    }

    /// By name with its semicolon, and without it where that counts, too.
    private static let table: [String: [Unicode.Scalar]] = {
        var table: [String: [Unicode.Scalar]] = [:]
        for word in htmlEntityTable.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "=")
            guard parts.count == 2 else { preconditionFailure("html entities: \(word)") }
            let value = parts[1].split(separator: ",").compactMap { UInt32($0, radix: 16).flatMap(Unicode.Scalar.init) }
            let isBare = parts[0].hasSuffix("!")
            let name = String(isBare ? parts[0].dropLast() : parts[0])
            table[name + ";"] = value
            if isBare { table[name] = value }
        }
        return table
    }()

    /// Names in capitals that are none, for the capitals of what the small name stands for.
    private static let capitals: [String: [Unicode.Scalar]] = {
        var capitals: [String: [Unicode.Scalar]] = [:]
        for (name, value) in table where name.hasSuffix(";") && name == name.lowercased() {
            let upper = name.uppercased()
            let reference = Array("&\(upper)".unicodeScalars)
            if unescaped(reference) == reference {
                capitals[upper] = value.flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) }
            }
        }
        return capitals
    }()
}
