internal import Glibc

/// How much each place of a picture differs from its background, which is taken to be smooth: by colour channel a quadratic surface
/// that is fitted to the picture's rim.
///
/// Computed on a copy of at most 256 pixels, whose pixels are the cells.
struct BackgroundContrast {
    static let longestSide = 256
    /// Once more of the rim than this is foreground, the rim is no background.
    private static let mostRim = 0.08
    /// Grey levels that are no part, whatever the picture.
    private static let leastContrast: Float = 6

    let rows: Int
    let columns: Int
    /// `rows * columns`, row-major: the largest difference of the channels in grey levels, smoothed by a Gaussian of 1 cell.
    let values: [Float]
    /// The cells along the border.
    private let rim: [Int]
    /// Half of the rim's cells differ from the surface by less, in the channel where they differ most.
    private let rimResidual: Float
    /// Where foreground and background part, by Otsu.
    private let division: Float

    init(_ image: Image) {
        let scale = min(1, Double(Self.longestSide) / Double(max(image.height, image.width)))
        func reduced(_ side: Int) -> Int { max(8, Int((Double(side) * scale).rounded(.toNearestOrEven))) }
        let small = image.resized(
            height: reduced(image.height), width: reduced(image.width), interpolation: .antialiasedBox)
        let (rows, columns) = (small.height, small.width)
        let margin = max(2, Int((0.02 * Double(min(rows, columns))).rounded(.toNearestOrEven)))
        let rim = (0..<rows * columns).filter { cell in
            let (row, column) = (cell / columns, cell % columns)
            return row < margin || row >= rows - margin || column < margin || column >= columns - margin
        }
        var difference = [Float](repeating: 0, count: rows * columns)
        var rimResidual: Float = 0
        for channel in 0..<3 {
            let values = (0..<rows * columns).map { Float(small.pixels[$0 * 3 + channel]) }
            let (surface, residual) = QuadraticSurface.fitted(to: values, at: rim, rows: rows, columns: columns)
            rimResidual = max(rimResidual, residual)
            surface.forEachValue(rows: rows, columns: columns) { cell, value in
                difference[cell] = max(difference[cell], abs(values[cell] - value))
            }
        }
        let smoothing = GridResampling(
            rows: ResampleAxis(smoothing: rows, deviation: 1), columns: ResampleAxis(smoothing: columns, deviation: 1))
        values = smoothing.applied(to: difference)
        division = Self.otsu(values)
        self.rows = rows
        self.columns = columns
        self.rim = rim
        self.rimResidual = rimResidual
    }

    /// Where the part is: what differs by more than `level` of the way to where Otsu divides, closed, without holes, and without
    /// what is small beside the largest piece.
    ///
    /// - Returns: nil when no part can be told from the background: the rim is no background, or less than 1 % of the picture stands
    ///   out.
    func mask(level: Float) -> PartMask? {
        let threshold = max(level * division, 5 * rimResidual, Self.leastContrast)
        let foreground = values.map { $0 > threshold }
        guard Double(rim.count { foreground[$0] }) <= Self.mostRim * Double(rim.count) else { return nil }
        return PartMask(rows: rows, columns: columns, foreground: foreground)
    }

    /// The level that leaves the greatest variance between its two sides (Otsu 1979), over 64 bins of what lies below the 99th
    /// percentile: the few brightest places would stretch the bins.
    private static func otsu(_ values: [Float]) -> Float {
        let most = values.quantile(0.99)
        let cut = values.map { min($0, most) }
        guard let least = cut.min(), least < most else { return most }
        let (bins, width) = (64, Double(most - least) / 64)
        var counts = [Double](repeating: 0, count: bins)
        for value in cut { counts[min(Int(Double(value - least) / width), bins - 1)] += 1 }
        func centre(_ bin: Int) -> Double { Double(least) + (Double(bin) + 0.5) * width }
        let total = counts.indices.reduce(0) { $0 + counts[$1] * centre($1) } / Double(values.count)
        var (best, division) = (-1.0, 0.0)
        var (below, mean) = (0.0, 0.0)
        for bin in 0..<bins {
            let share = counts[bin] / Double(values.count)
            below += share
            mean += share * centre(bin)
            let distance = total * below - mean
            let variance = distance * distance / (below * (1 - below) + 1e-9)
            if variance > best { (best, division) = (variance, centre(bin)) }
        }
        return Float(division)
    }
}

/// `1, x, y, x², y², xy` with a weight each; x and y are shares of the width and the height, cells taken at their upper left
/// corner.
private struct QuadraticSurface {
    private static let terms = 6
    private static let rounds = 3
    private var weights = [Double](repeating: 0, count: terms)

    /// Least squares, three times, each without the cells that the last surface misses by more than 2.5 times the median.
    ///
    /// - Returns: the surface, and the median of what it misses all cells by.
    static func fitted(
        to values: [Float], at cells: [Int], rows: Int, columns: Int
    ) -> (surface: QuadraticSurface, residual: Float) {
        let bases = cells.map { cell in
            basis(x: Double(cell % columns) / Double(columns), y: Double(cell / columns) / Double(rows))
        }
        var kept = Array(cells.indices)
        var surface = QuadraticSurface()
        var median: Float = 0
        for _ in 0..<rounds {
            surface = leastSquares(kept.map { (bases[$0], Double(values[cells[$0]])) })
            let residuals = zip(cells, bases).map { abs(values[$0] - Float(surface.value($1))) }
            median = residuals.median
            let most = max(2.5 * median, 1)
            kept = cells.indices.filter { residuals[$0] <= most }
        }
        return (surface, median)
    }

    func forEachValue(rows: Int, columns: Int, _ body: (_ cell: Int, _ value: Float) -> Void) {
        for row in 0..<rows {
            let y = Double(row) / Double(rows)
            let constant = weights[0] + y * (weights[2] + y * weights[4])
            let slope = weights[1] + y * weights[5]
            for column in 0..<columns {
                let x = Double(column) / Double(columns)
                body(row * columns + column, Float(constant + x * (slope + x * weights[3])))
            }
        }
    }

    private func value(_ basis: SIMD8<Double>) -> Double {
        var sum = 0.0
        for term in 0..<Self.terms { sum += weights[term] * basis[term] }
        return sum
    }

    private static func basis(x: Double, y: Double) -> SIMD8<Double> { [1, x, y, x * x, y * y, x * y, 0, 0] }

    /// By the normal equations; a term that the others say already counts nothing.
    private static func leastSquares(_ points: [(basis: SIMD8<Double>, value: Double)]) -> QuadraticSurface {
        var rows = [SIMD8<Double>](repeating: .zero, count: terms)
        for (basis, value) in points {
            var line = basis
            line[terms] = value
            for term in 0..<terms { rows[term] += line * basis[term] }
        }
        for pivot in 0..<terms where rows[pivot][pivot] > 1e-9 * Double(points.count) {
            rows[pivot] /= rows[pivot][pivot]
            for term in 0..<terms where term != pivot { rows[term] -= rows[pivot] * rows[term][pivot] }
        }
        var surface = QuadraticSurface()
        surface.weights = rows.map { $0[terms] }
        return surface
    }
}
