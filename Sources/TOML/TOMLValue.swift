/// A value of a TOML file (<https://toml.io/en/v1.0.0>).
package enum TOMLValue {
    case string(String)
    case integer(Int)
    case float(Double)
    case boolean(Bool)
    /// A date, a time or both, as it is written and not looked into: no key takes one.
    case time(String)
    case array([TOMLValue])
    case table(TOMLTable)
    /// `[[name]]`, in the order of the file; never empty.
    case tables([TOMLTable])

    /// What it is and what it says, for messages: `the integer 5`.
    package var description: String { "the \(kind) \(text)" }

    private var kind: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .float: "floating-point number"
        case .boolean: "boolean"
        case .time: "date or time"
        case .array, .tables: "array"
        case .table: "table"
        }
    }

    private var text: String {
        switch self {
        case .string(let text): TOMLText.quoted(text)
        case .integer(let number): "\(number)"
        case .float(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .time(let text): TOMLText.shortened(text)
        case .array(let values): "of \(values.count) values"
        case .tables(let tables): "of \(tables.count) tables"
        case .table(let table): "of \(table.keys.count) keys"
        }
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int? { if case .integer(let number) = self { number } else { nil } }
    package var boolean: Bool? { if case .boolean(let flag) = self { flag } else { nil } }
    package var table: TOMLTable? { if case .table(let table) = self { table } else { nil } }

    /// A list's values, in brackets or as `[[name]]`.
    package var array: [TOMLValue]? {
        switch self {
        case .array(let values): values
        case .tables(let tables): tables.map(TOMLValue.table)
        default: nil
        }
    }
}

/// A table of a TOML file. A reference, because a file may come back to a table that it has left; once read, nothing changes it.
package final class TOMLTable {
    /// What made it: this says who may add to it.
    enum Origin {
        /// Its own header, `[name]` or `[[name]]`; also the file itself.
        case header
        /// The header of a table inside of it: its own may follow.
        case innerHeader
        /// A key with a dot.
        case dottedKey
        /// Braces: complete.
        case braces
    }

    package struct Entry {
        package var value: TOMLValue
        /// From 1.
        package var line: Int
    }

    var origin: Origin
    /// Where it begins, from 1.
    var line: Int
    /// In the order of the file.
    package private(set) var keys: [String] = []
    private var entries: [String: Entry] = [:]

    init(_ origin: Origin, line: Int) {
        self.origin = origin
        self.line = line
    }

    package subscript(_ key: String) -> TOMLValue? { entries[key]?.value }

    package func entry(_ key: String) -> Entry? { entries[key] }

    func set(_ key: String, _ value: TOMLValue, line: Int) {
        if entries.updateValue(Entry(value: value, line: line), forKey: key) == nil { keys.append(key) }
    }
}

/// What a message may show of a file: short, and without anything that a terminal obeys.
enum TOMLText {
    /// At most `limit` characters of it, control characters as escapes.
    static func shortened(_ text: String, to limit: Int = 200) -> String {
        var shown = ""
        // Scalars, because one character may have any number of them.
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < limit else { return shown + "..." }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                shown += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    static func quoted(_ text: String) -> String { "\"\(shortened(text))\"" }
}
