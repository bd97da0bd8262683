/// The file's text, to tell in which line a key is: the parser keeps no places of values.
///
/// It reads lines, not TOML: in a text of several lines something may look like a key, and a message then names a line
/// that is near. No value ever depends on it.
struct ConfigurationSource {
    let file: String
    /// By table, a line end and the key, and by table and a line end for its header; the first line of that name.
    /// Tables are numbered, see ``numbered(_:_:)``.
    private var lines: [String: Int] = [:]

    init(file: String, text: String) {
        self.file = file
        var table = ""
        // Of the newest element of each array of tables.
        var counts: [String: Int] = [:]
        for (number, line) in zip(1..., text.split(separator: "\n", omittingEmptySubsequences: false)) {
            let line = line.drop { $0.isWhitespace }
            if let header = Self.header(line) {
                if header.isElement { counts[header.name, default: -1] += 1 }
                table = Self.numbered(header.name, counts)
                lines["\(table)\n", default: number] = number
            } else if let equals = line.firstIndex(of: "="), !line.hasPrefix("#") {
                lines["\(table)\n\(Self.trimmed(line[..<equals]))", default: number] = number
            }
        }
    }

    /// - Parameter index: from 0 in an array of tables.
    func place(table: String, index: Int? = nil, subtable: String = "", key: String) -> ConfigurationPlace {
        let name = subtable.isEmpty ? table : "\(table).\(subtable)"
        // The key; or the key as a table, or as an array of tables; or the key that holds an inline table.
        func line(_ table: String) -> Int? {
            let owner = subtable.isEmpty ? table : "\(table).\(subtable)"
            let inner = owner.isEmpty ? key : "\(owner).\(key)"
            return lines["\(owner)\n\(key)"] ?? lines["\(inner)\n"] ?? lines["\(inner)#0\n"]
                ?? lines["\(table)\n\(subtable)"]
        }
        let numbered = index.map { "\(table)#\($0)" } ?? table
        // A key that is missing is missing in its table.
        let found = line(numbered) ?? line(table) ?? lines["\(numbered)\n"] ?? lines["\(table)\n"]
        return ConfigurationPlace(file: file, line: found, table: name, key: key)
    }

    /// `[a.b]` or `[[a.b]]`; nil for other lines, such as `[1, 2],` inside of a list.
    private static func header(_ line: Substring) -> (name: String, isElement: Bool)? {
        guard line.hasPrefix("[") else { return nil }
        let isElement = line.hasPrefix("[[")
        let inner = line.dropFirst(isElement ? 2 : 1)
        guard let end = inner.firstIndex(of: "]") else { return nil }
        let rest = inner[end...].dropFirst(isElement ? 2 : 1).drop { $0.isWhitespace }
        let name = trimmed(inner[..<end])
        guard rest.isEmpty || rest.hasPrefix("#"), !name.isEmpty, !name.contains(",") else { return nil }
        return (name, isElement)
    }

    /// `camera.controls` below the second `[[camera]]` is `camera#1.controls`.
    private static func numbered(_ name: String, _ counts: [String: Int]) -> String {
        if let count = counts[name] { return "\(name)#\(count)" }
        guard let dot = name.firstIndex(of: "."), let count = counts[String(name[..<dot])] else { return name }
        return "\(name[..<dot])#\(count)\(name[dot...])"
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.reversed().drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace })
    }
}

/// "Did you mean": the known word with the fewest edits.
enum Suggestion {
    /// Nil when no word comes close: at most a third of the letters may differ, 2 in short words.
    static func closest(to word: String, among known: [String]) -> String? {
        let distances = known.map { (distance(word, $0), $0) }
        guard let best = distances.min(by: { $0.0 < $1.0 }) else { return nil }
        return best.0 <= max(2, word.count / 3) ? best.1 : nil
    }

    /// Levenshtein's distance: insertions, deletions and replacements that turn one word into the other.
    static func distance(_ first: String, _ second: String) -> Int {
        let letters = Array(second)
        var row = Array(0...letters.count)
        for (index, letter) in zip(1..., first) {
            var diagonal = row[0]
            row[0] = index
            for column in letters.indices {
                let replaced = diagonal + (letters[column] == letter ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[letters.count]
    }
}
