/// The connected areas of a picture's foreground.
package struct ConnectedComponents {
    package struct Component: Equatable {
        /// Pixels.
        package var area: Int
        package var rows: ClosedRange<Int>
        package var columns: ClosedRange<Int>
        /// The first of its pixels, in row-major order.
        package let firstPixel: Int
    }

    /// The component of each pixel, row-major; -1 is background.
    package private(set) var labels: [Int32]
    /// In the order of their first pixels.
    package private(set) var components: [Component] = []

    /// - Parameter joinsCorners: whether pixels that touch at a corner only are connected (8 neighbours), or none but those that
    ///   share an edge (4).
    package init(height: Int, width: Int, joinsCorners: Bool = true, isForeground: (_ pixel: Int) -> Bool) {
        labels = [Int32](repeating: -1, count: height * width)
        // Background until it is reached; unvisited foreground is marked -2.
        for pixel in labels.indices where isForeground(pixel) { labels[pixel] = -2 }
        var pending: [Int] = []
        for pixel in labels.indices where labels[pixel] == -2 {
            fill(from: pixel, height, width, joinsCorners, &pending)
        }
    }

    private mutating func fill(
        from start: Int, _ height: Int, _ width: Int, _ joinsCorners: Bool, _ pending: inout [Int]
    ) {
        let label = Int32(components.count)
        var component = Component(
            area: 0, rows: start / width...start / width, columns: start % width...start % width, firstPixel: start)
        labels[start] = label
        pending.append(start)
        while let pixel = pending.popLast() {
            let (row, column) = (pixel / width, pixel % width)
            component.area += 1
            component.rows = min(component.rows.lowerBound, row)...max(component.rows.upperBound, row)
            component.columns = min(component.columns.lowerBound, column)...max(component.columns.upperBound, column)
            for r in max(row - 1, 0)...min(row + 1, height - 1) {
                let reach = joinsCorners || r == row ? 1 : 0
                for c in max(column - reach, 0)...min(column + reach, width - 1) where labels[r * width + c] == -2 {
                    labels[r * width + c] = label
                    pending.append(r * width + c)
                }
            }
        }
        components.append(component)
    }
}
