import Core

/// Pictures side by side on white, from left to right and line by line, each with as much room as the largest needs.
struct TileSheet {
    private static let gap = 8
    /// Pictures in a line.
    let columns: Int
    private(set) var tiles: [Image] = []

    init(columns: Int) { self.columns = columns }

    mutating func add(_ tile: Image) { tiles.append(tile) }

    /// - Precondition: something was added.
    var image: Image {
        let columns = min(tiles.count, columns)
        let rows = (tiles.count + columns - 1) / columns
        let down = (tiles.map(\.height).max() ?? 0) + Self.gap
        let across = (tiles.map(\.width).max() ?? 0) + Self.gap
        let (height, width) = (rows * down + Self.gap, columns * across + Self.gap)
        var sheet = Image(height: height, width: width, pixels: [UInt8](repeating: 255, count: height * width * 3))
        for (index, tile) in tiles.enumerated() {
            let (top, left) = (Self.gap + index / columns * down, Self.gap + index % columns * across)
            for row in 0..<tile.height {
                let start = ((top + row) * width + left) * 3
                sheet.pixels.replaceSubrange(
                    start..<start + tile.width * 3,
                    with: tile.pixels[row * tile.width * 3..<(row + 1) * tile.width * 3])
            }
        }
        return sheet
    }
}
