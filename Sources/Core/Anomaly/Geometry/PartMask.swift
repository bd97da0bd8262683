/// Where the part is in a picture, in cells of a copy of at most 256 pixels.
package struct PartMask: Sendable, Equatable {
    package let rows: Int
    package let columns: Int
    /// `rows * columns`, row-major; some cell is true.
    package let isPart: [Bool]

    /// Of Otsu's division, how far a place has to stand out to be the part: generously for boxes, which must not cut anything off;
    /// strictly for poses, which shadows would turn.
    package static let boxLevel: Float = 0.5
    package static let poseLevel: Float = 0.8

    /// - Returns: nil when no part can be told from the background.
    package init?(of image: Image, level: Float) {
        guard let mask = BackgroundContrast(image).mask(level: level) else { return nil }
        self = mask
    }

    /// Closes what stands out, fills its holes and drops small pieces.
    ///
    /// - Returns: nil when less than 1 % is left.
    package init?(rows: Int, columns: Int, foreground: [Bool]) {
        let closed = Self.closed(foreground, rows, columns)
        let background = ConnectedComponents(height: rows, width: columns, joinsCorners: false) { !closed[$0] }
        // What is not joined to the border through the background belongs to the part.
        let isOpen = background.components.map { area in
            area.rows.lowerBound == 0 || area.rows.upperBound == rows - 1 || area.columns.lowerBound == 0
                || area.columns.upperBound == columns - 1
        }
        let filled = background.labels.map { $0 < 0 || !isOpen[Int($0)] }
        let pieces = ConnectedComponents(height: rows, width: columns, joinsCorners: false) { filled[$0] }
        let largest = pieces.components.map(\.area).max() ?? 0
        isPart = pieces.labels.map { $0 >= 0 && pieces.components[Int($0)].area * 10 >= largest }
        self.rows = rows
        self.columns = columns
        guard isPart.count(where: \.self) * 100 >= isPart.count else { return nil }
    }

    /// The upright rectangle around the part, in pixels of a picture of this size.
    package func box(height: Int, width: Int) -> PartExtent {
        var (top, bottom, left, right) = (rows, 0, columns, 0)
        for (cell, isPart) in isPart.enumerated() where isPart {
            let (row, column) = (cell / columns, cell % columns)
            (top, bottom) = (min(top, row), max(bottom, row + 1))
            (left, right) = (min(left, column), max(right, column + 1))
        }
        let (down, across) = (Double(height) / Double(rows), Double(width) / Double(columns))
        return PartExtent(
            left: Double(left) * across, top: Double(top) * down, right: Double(right) * across,
            bottom: Double(bottom) * down)
    }

    /// Closing with a cross, three times: gaps of up to six cells go. Beyond the border is background, so that the outermost three
    /// cells never are the part.
    private static func closed(_ cells: [Bool], _ rows: Int, _ columns: Int) -> [Bool] {
        let times = 3
        // With a frame of background around it, which needs no asking for borders.
        let pitch = columns + 2
        var padded = [UInt8](repeating: 0, count: (rows + 2) * pitch)
        for row in 0..<rows {
            for column in 0..<columns where cells[row * columns + column] {
                padded[(row + 1) * pitch + column + 1] = 1
            }
        }
        func replaced(_ combine: (UInt8, UInt8) -> UInt8) {
            let old = padded
            for row in 1...rows {
                for cell in row * pitch + 1...row * pitch + columns {
                    padded[cell] = combine(
                        combine(combine(old[cell], old[cell - 1]), combine(old[cell + 1], old[cell - pitch])),
                        old[cell + pitch])
                }
            }
        }
        for _ in 0..<times { replaced(|) }
        for _ in 0..<times { replaced(&) }
        return (0..<rows * columns).map { padded[($0 / columns + 1) * pitch + $0 % columns + 1] != 0 }
    }
}
