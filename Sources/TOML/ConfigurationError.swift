/// Where in the configuration something is.
/// Its text stands in front of what is expected and what was found.
package struct ConfigurationPlace: Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// From 1; of a key that the file does not have: its table's. Nil when it does not have that, either.
    package var line: Int?
    /// Empty for the keys above the first table.
    package var table: String
    /// Nil when the table as a whole is meant.
    package var key: String?

    package init(file: String, line: Int?, table: String, key: String?) {
        self.file = file
        self.line = line
        self.table = table
        self.key = key
    }

    package var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        let name = TOMLText.shortened(key.map { table.isEmpty ? $0 : "\(table).\($0)" } ?? table)
        return key == nil ? "\(place): [\(name)]" : "\(place): \(name)"
    }
}

/// Why a configuration is refused. Permanent: the daemon does not start with it (exit code 78).
package enum ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file is not there, may not be read, or is no UTF-8.
    case unreadable(path: String, reason: String)
    /// Line and column count from 1.
    case syntax(file: String, line: Int, column: Int, reason: String)
    /// Also a table where a key is expected; `known` are all that could stand there.
    case unknownTable(ConfigurationPlace, suggestion: String?, known: [String])
    case unknownKey(ConfigurationPlace, suggestion: String?, known: [String])
    /// `got` says the type, too: quotes around a number are seen at once.
    case wrongType(ConfigurationPlace, expected: String, got: String)
    case invalidValue(ConfigurationPlace, expected: String, got: String)
    /// Two keys, each right in itself, that cannot both hold; `remedy` says what to change.
    case contradiction(ConfigurationPlace, remedy: String)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "configuration: \(path): \(reason)"
        case .syntax(let file, let line, let column, let reason):
            "configuration: \(file):\(line):\(column): not TOML: \(reason)"
        case .unknownTable(let place, let suggestion, let known):
            "configuration: \(place): no such table: \(Self.hint(suggestion.map { "[\($0)]" }, known: known))"
        case .unknownKey(let place, let suggestion, let known):
            "configuration: \(place): no such key: \(Self.hint(suggestion, known: known))"
        case .wrongType(let place, let expected, let got), .invalidValue(let place, let expected, let got):
            // Either may list what the file has a thousand of.
            "configuration: \(place): expected \(TOMLText.shortened(expected, to: 1000)), got \(TOMLText.shortened(got))"
        case .contradiction(let place, let remedy):
            "configuration: \(place): \(remedy)"
        }
    }

    private static func hint(_ suggestion: String?, known: [String]) -> String {
        suggestion.map { "did you mean \($0)?" } ?? "expected one of \(known.joined(separator: ", "))"
    }
}
