/// "Did you mean": the known word with the fewest edits.
enum Suggestion {
    /// Nil when no word comes close: at most a third of the letters may differ, 2 in short words.
    static func closest(to word: String, among known: [String]) -> String? {
        // A long word is none of ours, and comparing takes the time of both lengths.
        guard word.utf8.count <= 100 else { return nil }
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
