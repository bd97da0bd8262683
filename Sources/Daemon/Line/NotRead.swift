/// What is in a watched folder that no part is made of, in words.
enum NotRead {
    /// - Parameter kinds: how many, by the file's ending; `/` for folders.
    static func words(_ kinds: [String: Int]) -> String {
        kinds.sorted { $0.key < $1.key }.map { kind, count in
            switch kind {
            case "/":
                count == 1 ? "1 folder (recursive = true reads it)" : "\(count) folders (recursive = true reads them)"
            case "": count == 1 ? "1 file without an ending" : "\(count) files without an ending"
            default: "\(count) \(kind)"
            }
        }.joined(separator: ", ")
    }
}
