/// Reads TOML 1.0 (<https://toml.io/en/v1.0.0>) and refuses everything else. docs/decisions/0003 says why it is our own.
///
/// No text makes it trap, nest deeper than ``deepest`` or take longer than its length allows: the file may be anything, and the
/// line that reads it again must go on.
package struct TOMLReader {
    /// Values in values, and names in a key. The configuration needs four.
    package static let deepest = 32
    /// `[[name]]` of one name.
    package static let mostTables = 1000

    let bytes: [UInt8]
    var position = 0
    /// From 1.
    private(set) var line = 1
    private var lineStart = 0

    private init(_ text: String) {
        bytes = Array(text.utf8)
        // A byte order mark is no text.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { (position, lineStart) = (3, 3) }
    }

    package static func read(_ text: String) throws(TOMLError) -> TOMLTable {
        var reader = TOMLReader(text)
        return try reader.readFile()
    }

    private mutating func readFile() throws(TOMLError) -> TOMLTable {
        let top = TOMLTable(.header, line: 1)
        var table = top
        while true {
            try skipEmptyLines()
            guard let byte = peek() else { return top }
            if byte == UInt8(ascii: "[") {
                table = try readHeader(in: top)
            } else {
                try readPair(into: table)
            }
            skipBlanks()
            try endLine()
        }
    }

    /// `[a.b]` or `[[a.b]]`: the table that follows it.
    private mutating func readHeader(in top: TOMLTable) throws(TOMLError) -> TOMLTable {
        let start = position
        position += 1
        let isElement = peek() == UInt8(ascii: "[")
        if isElement { position += 1 }
        skipBlanks()
        let names = try readKey()
        try expect("]", in: "a table's name")
        if isElement { try expect("]", in: "a table's name") }

        var table = top
        for name in names.dropLast() {
            switch table[name] {
            case nil:
                let inner = TOMLTable(.innerHeader, line: line)
                table.set(name, .table(inner), line: line)
                table = inner
            case .table(let inner)? where inner.origin != .braces: table = inner
            case .tables(let list)?: table = list[list.count - 1]
            default: throw repeated(name, in: table, at: start)
            }
        }
        let name = names[names.count - 1]
        let new = TOMLTable(.header, line: line)
        switch (table[name], isElement) {
        case (nil, false): table.set(name, .table(new), line: line)
        case (nil, true): table.set(name, .tables([new]), line: line)
        case (.table(let there)?, false) where there.origin == .innerHeader:
            there.origin = .header
            there.line = line
            table.set(name, .table(there), line: line)
            return there
        case (.tables(let list)?, true):
            guard list.count < Self.mostTables else {
                throw error("more than \(Self.mostTables) [[\(TOMLText.shortened(name))]]", at: start)
            }
            table.set(name, .tables(list + [new]), line: table.entry(name)?.line ?? line)
        default: throw repeated(name, in: table, at: start)
        }
        return new
    }

    /// `a.b = value`
    mutating func readPair(into table: TOMLTable, depth: Int = 0) throws(TOMLError) {
        let (start, line) = (position, line)
        let names = try readKey()
        try expect("=", in: "a key")
        var table = table
        for name in names.dropLast() {
            switch table[name] {
            case nil:
                let inner = TOMLTable(.dottedKey, line: line)
                table.set(name, .table(inner), line: line)
                table = inner
            case .table(let inner)? where inner.origin == .dottedKey || inner.origin == .innerHeader:
                inner.origin = .dottedKey
                table = inner
            default: throw repeated(name, in: table, at: start)
            }
        }
        let name = names[names.count - 1]
        guard table[name] == nil else { throw repeated(name, in: table, at: start) }
        skipBlanks()
        table.set(name, try readValue(depth: depth), line: line)
    }

    /// `a."b c".d`, and the blanks behind it; never empty.
    private mutating func readKey() throws(TOMLError) -> [String] {
        var names: [String] = []
        while true {
            guard names.count < Self.deepest else { throw error("more than \(Self.deepest) names in a key") }
            names.append(try readName())
            skipBlanks()
            guard peek() == UInt8(ascii: ".") else { return names }
            position += 1
            skipBlanks()
        }
    }

    private mutating func readName() throws(TOMLError) -> String {
        switch peek() {
        case UInt8(ascii: "\"")?: return try readBasicString()
        case UInt8(ascii: "'")?: return try readLiteralString()
        default:
            let name = take { Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
            guard !name.isEmpty else { throw expected("a key") }
            return name
        }
    }

    private func repeated(_ name: String, in table: TOMLTable, at position: Int) -> TOMLError {
        let first = table.entry(name).map { ", first in line \($0.line)" } ?? ""
        return error("\(TOMLText.shortened(name)) is defined twice\(first)", at: position)
    }
}

// MARK: - Bytes

extension TOMLReader {
    func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    /// Whether the text goes on with this; if so, it is behind it then.
    mutating func skip(_ text: StaticString) -> Bool {
        let found = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
        if found { position += text.utf8CodeUnitCount }
        return found
    }

    mutating func expect(_ text: StaticString, in place: String) throws(TOMLError) {
        guard skip(text) else { throw expected("'\(text)' after \(place)") }
    }

    /// The text that consists of such bytes; they have to be ASCII.
    mutating func take(_ isPart: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = peek(), isPart(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func skipBlanks() {
        while let byte = peek(), byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { position += 1 }
    }

    /// Blanks, comments and ends of lines.
    mutating func skipEmptyLines() throws(TOMLError) {
        repeat {
            skipBlanks()
            try skipComment()
        } while skipNewline()
    }

    /// True behind `\n` or `\r\n`.
    mutating func skipNewline() -> Bool {
        guard skip("\n") || skip("\r\n") else { return false }
        line += 1
        lineStart = position
        return true
    }

    private mutating func skipComment() throws(TOMLError) {
        guard peek() == UInt8(ascii: "#") else { return }
        while let byte = peek(), byte != UInt8(ascii: "\n"), !isCarriageReturnOfNewline {
            if Self.isControl(byte) { throw expected("text in a comment") }
            position += 1
        }
    }

    private mutating func endLine() throws(TOMLError) {
        try skipComment()
        guard peek() == nil || skipNewline() else { throw expected("the end of the line") }
    }

    var isCarriageReturnOfNewline: Bool { peek() == UInt8(ascii: "\r") && peek(1) == UInt8(ascii: "\n") }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// What is no text: control characters but the tab.
    static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != UInt8(ascii: "\t")) || byte == 0x7F }

    /// - Parameter position: nil = here.
    func error(_ reason: String, at position: Int? = nil) -> TOMLError {
        let before = String(decoding: bytes[lineStart..<max(lineStart, position ?? self.position)], as: UTF8.self)
        return TOMLError(line: line, column: before.unicodeScalars.count + 1, reason: reason)
    }

    /// What is here instead, in words.
    func expected(_ what: String) -> TOMLError {
        let got =
            switch peek() {
            case nil: "the end of the file"
            case 0?: "a zero byte"
            case UInt8(ascii: "\n")?: "the end of the line"
            case UInt8(ascii: "\r")? where isCarriageReturnOfNewline: "the end of the line"
            case _?:
                TOMLText.quoted(
                    String(String(decoding: bytes[position...].prefix(4), as: UTF8.self).unicodeScalars.prefix(1)))
            }
        return error("expected \(what), got \(got)")
    }
}
