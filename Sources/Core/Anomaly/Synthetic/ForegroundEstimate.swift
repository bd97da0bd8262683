/// How the object can be told from what it lies on, found from normal pictures.
///
/// What lies around the object shows at the picture's border. The background is what has about that colour and is joined to
/// the border: dark or bright places inside of the object belong to it.
package enum ForegroundEstimate: Sendable, Equatable {
    /// It cannot: a texture fills the picture, or the background is as varied as the object.
    case none
    /// The background differs from this colour by at most `tolerance` (root mean square of the channels, 0...255).
    case background(red: Float, green: Float, blue: Float, tolerance: Float)

    /// - Parameter shots: normal pictures of one product; of any sizes.
    package init(shots: [Image]) { self.init(shots.map(ForegroundRaster.init)) }

    init(_ rasters: [ForegroundRaster]) {
        let border = rasters.flatMap { raster in raster.border.map { raster.colours[$0] } }
        guard !border.isEmpty else {
            self = .none
            return
        }
        let colour = Self.median(border)
        let tolerance = Self.separatingDistance(of: rasters.flatMap { $0.distances(from: colour) })
        self = .background(red: colour[0], green: colour[1], blue: colour[2], tolerance: tolerance)
        if !rasters.allSatisfy({ isConvincing(on: $0) }) { self = .none }
    }

    /// Where the object is in a picture; nil if it cannot be told, or there is none in it.
    package func mask(of image: Image) -> ForegroundMask? {
        let raster = ForegroundRaster(image)
        guard let isForeground = foreground(of: raster), isForeground.contains(true) else { return nil }
        return ForegroundMask(rows: raster.rows, columns: raster.columns, isForeground: isForeground)
    }

    /// An object lies inside of the picture: most of the border is background, and clearly less of the middle. A texture's
    /// border looks like its middle.
    private func isConvincing(on raster: ForegroundRaster) -> Bool {
        guard let isForeground = foreground(of: raster) else { return false }
        func share(_ places: [Int]) -> Float { Float(places.count { isForeground[$0] }) / Float(places.count) }
        let all = share(Array(isForeground.indices))
        let border = share(raster.border)
        return all >= 0.03 && all <= 0.95 && border <= 0.4 && share(raster.middle) - border >= 0.3
    }

    private func foreground(of raster: ForegroundRaster) -> [Bool]? {
        guard case .background(let red, let green, let blue, let tolerance) = self else { return nil }
        let differs = raster.distances(from: SIMD3(red, green, blue)).map { $0 > tolerance }
        let (rows, columns) = (raster.rows, raster.columns)
        let smooth = Self.windowCounts(differs, rows, columns, radius: 2).map { $0.hits * 2 > $0.cells }
        let object = Self.withoutSmallAreas(Self.withHolesFilled(smooth, rows, columns), rows, columns)
        return Self.windowCounts(object, rows, columns, radius: 3).map { $0.hits > 0 }
    }

    /// By channel.
    private static func median(_ colours: [SIMD3<Float>]) -> SIMD3<Float> {
        var result = SIMD3<Float>.zero
        for channel in 0..<3 { result[channel] = colours.map { $0[channel] }.sorted()[colours.count / 2] }
        return result
    }

    /// The threshold that leaves the least variance on its two sides (Otsu 1979), on 256 levels.
    private static func separatingDistance(of distances: [Float]) -> Float {
        var histogram = [Double](repeating: 0, count: 256)
        for distance in distances { histogram[min(Int(distance), 255)] += 1 }
        let count = Double(distances.count)
        let total = histogram.enumerated().reduce(0.0) { $0 + Double($1.offset) * $1.element }
        var (best, level) = (-1.0, 0)
        var (below, sum) = (0.0, 0.0)
        for (index, hits) in histogram.enumerated() {
            below += hits
            sum += Double(index) * hits
            guard below > 0, below < count else { continue }
            let gap = sum / below - (total - sum) / (count - below)
            let variance = below * (count - below) * gap * gap
            if variance > best { (best, level) = (variance, index) }
        }
        return Float(level + 1)
    }

    /// In the square window around each cell: how many cells are true, and how many there are.
    private static func windowCounts(
        _ values: [Bool], _ rows: Int, _ columns: Int, radius: Int
    ) -> [(hits: Int, cells: Int)] {
        var sums = [Int](repeating: 0, count: (rows + 1) * (columns + 1))
        for row in 0..<rows {
            for column in 0..<columns {
                let above = row * (columns + 1) + column
                sums[above + columns + 2] =
                    sums[above + 1] + sums[above + columns + 1] - sums[above] + (values[row * columns + column] ? 1 : 0)
            }
        }
        return (0..<rows * columns).map { cell in
            let (row, column) = (cell / columns, cell % columns)
            let (top, bottom) = (max(row - radius, 0), min(row + radius + 1, rows))
            let (left, right) = (max(column - radius, 0), min(column + radius + 1, columns))
            func sum(_ row: Int, _ column: Int) -> Int { sums[row * (columns + 1) + column] }
            let hits = sum(bottom, right) - sum(top, right) - sum(bottom, left) + sum(top, left)
            return (hits, (bottom - top) * (right - left))
        }
    }

    /// What is not joined to the border through the background belongs to the object.
    private static func withHolesFilled(_ object: [Bool], _ rows: Int, _ columns: Int) -> [Bool] {
        let background = ConnectedComponents(height: rows, width: columns) { !object[$0] }
        let reachesBorder = background.components.map { area in
            area.rows.contains(0) || area.rows.contains(rows - 1) || area.columns.contains(0)
                || area.columns.contains(columns - 1)
        }
        return background.labels.map { $0 < 0 || !reachesBorder[Int($0)] }
    }

    /// Crumbs and the edge of a conveyor are not the product: areas below a quarter of the largest go.
    private static func withoutSmallAreas(_ object: [Bool], _ rows: Int, _ columns: Int) -> [Bool] {
        let areas = ConnectedComponents(height: rows, width: columns) { object[$0] }
        let largest = areas.components.map(\.area).max() ?? 0
        return areas.labels.map { $0 >= 0 && areas.components[Int($0)].area * 4 >= largest }
    }
}

/// A picture, reduced to a longer side of 128 cells at most.
struct ForegroundRaster {
    let rows: Int
    let columns: Int
    /// Row-major.
    let colours: [SIMD3<Float>]

    init(_ image: Image) {
        let scale = min(1, 128 / Double(max(image.height, image.width)))
        let reduced = image.resized(
            height: max(1, Int((Double(image.height) * scale).rounded())),
            width: max(1, Int((Double(image.width) * scale).rounded())), filter: .bilinear)
        rows = reduced.height
        columns = reduced.width
        colours = (0..<rows * columns).map { cell in
            let values = reduced.pixels[cell * 3..<cell * 3 + 3].map(Float.init)
            return SIMD3(values[0], values[1], values[2])
        }
    }

    /// A frame of 3 % of the sides.
    fileprivate var border: [Int] {
        let (high, wide) = (max(1, rows * 3 / 100), max(1, columns * 3 / 100))
        return colours.indices.filter { cell in
            let (row, column) = (cell / columns, cell % columns)
            return row < high || row >= rows - high || column < wide || column >= columns - wide
        }
    }

    /// The middle half of both sides.
    fileprivate var middle: [Int] {
        colours.indices.filter { cell in
            abs(2 * (cell / columns) + 1 - rows) * 2 <= rows && abs(2 * (cell % columns) + 1 - columns) * 2 <= columns
        }
    }

    fileprivate func distances(from colour: SIMD3<Float>) -> [Float] {
        colours.map { other in
            let difference = other - colour
            return ((difference * difference).sum() / 3).squareRoot()
        }
    }
}
