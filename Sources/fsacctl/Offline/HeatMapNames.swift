/// Where the heat maps of pictures are written: below the picture's own name, and where pictures of different folders have one name
/// (`scratch/000.png`, `good/000.png`), with as many of their folders before it as it takes.
enum HeatMapNames {
    /// The file of each picture's heat map, by the picture's path.
    static func paths(of pictures: [String], in folder: String) -> [String: String] {
        let pictures = Set(pictures)
        let deepest = pictures.map { pieces($0).count }.max() ?? 1
        var paths: [String: String] = [:]
        for depth in 1...max(1, deepest) {
            let left = pictures.filter { paths[$0] == nil }
            let named = Dictionary(grouping: left) { name(of: $0, depth: depth) }
            for (name, pictures) in named where pictures.count == 1 || depth == deepest {
                // Different spellings of one path, or a.jpg beside a.png: the ending tells, else the last one stays.
                for path in pictures {
                    let name = pictures.count == 1 ? name : "\(name).\(path.split(separator: ".").last ?? "")"
                    paths[path] = "\(folder)/\(name).heatmap.png"
                }
            }
        }
        return paths
    }

    private static func name(of path: String, depth: Int) -> String {
        let pieces = pieces(path)
        var name = pieces.suffix(depth).joined(separator: "-")
        if let file = pieces.last, let dot = file.lastIndex(of: "."), dot > file.startIndex {
            name.removeLast(file.distance(from: dot, to: file.endIndex))
        }
        return name
    }

    private static func pieces(_ path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." && $0 != ".." }
    }
}
