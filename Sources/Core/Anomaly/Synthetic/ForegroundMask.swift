/// Where the object is in a picture, on a coarse raster.
package struct ForegroundMask: Sendable, Equatable {
    package let rows: Int
    package let columns: Int
    /// `rows * columns`, row-major.
    package let isForeground: [Bool]
    /// The places in `isForeground` that are the object.
    private let cells: [Int]

    /// - Precondition: `isForeground` has `rows * columns` values, at least one of them true.
    package init(rows: Int, columns: Int, isForeground: [Bool]) {
        cells = isForeground.indices.filter { isForeground[$0] }
        precondition(
            isForeground.count == rows * columns && !cells.isEmpty,
            "foreground: \(isForeground.count) values for [\(rows), \(columns)], \(cells.count) of them true")
        self.rows = rows
        self.columns = columns
        self.isForeground = isForeground
    }

    /// The share of the picture that is the object.
    package var share: Float { Float(cells.count) / Float(isForeground.count) }

    /// The share of a rectangle that is the object, judged by 8 x 8 points of it.
    ///
    /// - Parameters:
    ///   - rectangle: in pixels of a picture of `height` x `width`.
    package func share(of rectangle: PixelRectangle, height: Int, width: Int) -> Float {
        var count = 0
        for i in 0..<8 {
            let down = (Float(rectangle.y) + (Float(i) + 0.5) / 8 * Float(rectangle.height)) / Float(height)
            for j in 0..<8 {
                let across = (Float(rectangle.x) + (Float(j) + 0.5) / 8 * Float(rectangle.width)) / Float(width)
                if contains(down: down, across: across) { count += 1 }
            }
        }
        return Float(count) / 64
    }

    /// Whether the object is at a place, by shares of the picture's height and width in 0..<1.
    func contains(down: Float, across: Float) -> Bool {
        isForeground[min(Int(down * Float(rows)), rows - 1) * columns + min(Int(across * Float(columns)), columns - 1)]
    }

    /// A place on the object, by shares of the picture's height and width.
    func place(using random: inout SplitMix64) -> (down: Float, across: Float) {
        let cell = cells[random.integer(0...cells.count - 1)]
        let down = (Float(cell / columns) + random.uniform()) / Float(rows)
        return (down, (Float(cell % columns) + random.uniform()) / Float(columns))
    }
}
