/// The file's text, to tell in which line a key is: the parser keeps no places of values.
struct ConfigurationSource {
    let file: String
    private var lines: [String: Int] = [:]

    init(file: String, text: String) {
        self.file = file
        var table = ""
        for (number, line) in zip(1..., text.split(separator: "\n", omittingEmptySubsequences: false)) {
            let line = line.drop { $0.isWhitespace }
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                table = Self.trimmed(line[line.index(after: line.startIndex)..<end])
                lines["\(table)\n", default: number] = number
            } else if let equals = line.firstIndex(of: "="), !line.hasPrefix("#") {
                lines["\(table)\n\(Self.trimmed(line[..<equals]))", default: number] = number
            }
        }
    }

    func place(table: String, key: String) -> ConfigurationPlace {
        let subtable = table.isEmpty ? key : "\(table).\(key)"
        return ConfigurationPlace(
            file: file, line: lines["\(table)\n\(key)"] ?? lines["\(subtable)\n"], table: table, key: key)
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
