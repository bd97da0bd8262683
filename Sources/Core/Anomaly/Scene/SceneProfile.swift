internal import Glibc

/// A picture as a whole: how bright, which colour and how detailed its cells are, whatever their order, and a small copy.
///
/// Cells of an 8 x 8 grid are sorted by each quality. A part that lies elsewhere reorders the cells, and a defect moves a few
/// of them by some ranks; a change of light or focus moves them all.
struct SceneProfile: Equatable {
    static let cells = 8
    /// Rows and columns of the small copy.
    static let side = 64
    /// Picture rows that are looked at, for each row of the small copy.
    private static let sampledRows = 3

    /// Sorted logarithms of each cell's mean level, of red and of blue against green, and of its fine detail against its mean
    /// level: `cells * cells` each, of detail the upper half.
    let levels: [Float]
    let reds: [Float]
    let blues: [Float]
    let details: [Float]
    /// `[side, side]`: mean green levels, 0 to 255.
    let miniature: Matrix

    /// - Complexity: O(the width) for each of at most `3 * side` rows.
    init(_ image: Image) {
        var sums = [SIMD4<Float>](repeating: .zero, count: Self.side * Self.side)
        image.pixels.withUnsafeBufferPointer { pixels in
            for row in 0..<Self.side {
                Self.add(pixels, image.height, image.width, row: row, to: &sums)
            }
        }
        miniature = Matrix(rows: Self.side, columns: Self.side, values: sums.map(\.y))
        let cells = Self.means(of: sums)
        levels = cells.map { logf(($0.x + $0.y + $0.z) / 3 + 4) }.sorted()
        reds = cells.map { logf(($0.x + 8) / ($0.y + 8)) }.sorted()
        blues = cells.map { logf(($0.z + 8) / ($0.y + 8)) }.sorted()
        // Noise is everywhere: only where there is most detail, a loss of it shows.
        details = Array(cells.map { logf(($0.w + 0.25) / ($0.y + 8)) }.sorted().suffix(cells.count / 2))
    }

    /// Means of red, green, blue, and of the absolute Laplacian of green, in one row of the small copy.
    private static func add(
        _ pixels: UnsafeBufferPointer<UInt8>, _ height: Int, _ width: Int, row: Int, to sums: inout [SIMD4<Float>]
    ) {
        let rows = range(row, of: height)
        let step = max(1, rows.count / sampledRows)
        for column in 0..<side {
            let columns = range(column, of: width)
            var (red, green, blue, detail, count) = (0, 0, 0, 0, 0)
            for y in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
                let (above, below) = (y > 0 ? -width * 3 : 0, y + 1 < height ? width * 3 : 0)
                for x in columns {
                    let pixel = (y * width + x) * 3
                    let (left, right) = (x > 0 ? -3 : 0, x + 1 < width ? 3 : 0)
                    let centre = Int(pixels[pixel + 1])
                    red &+= Int(pixels[pixel])
                    green &+= centre
                    blue &+= Int(pixels[pixel + 2])
                    let around =
                        Int(pixels[pixel + 1 + above]) &+ Int(pixels[pixel + 1 + below])
                        &+ Int(pixels[pixel + 1 + left]) &+ Int(pixels[pixel + 1 + right])
                    detail &+= abs(4 &* centre &- around)
                    count &+= 1
                }
            }
            sums[row * side + column] = SIMD4(Float(red), Float(green), Float(blue), Float(detail)) / Float(count)
        }
    }

    /// The pixels of one row or column of the small copy; never empty.
    private static func range(_ index: Int, of length: Int) -> Range<Int> {
        let start = min(index * length / side, length - 1)
        return start..<max(start + 1, min((index + 1) * length / side, length))
    }

    private static func means(of sums: [SIMD4<Float>]) -> [SIMD4<Float>] {
        let width = side / cells
        return (0..<cells * cells).map { cell in
            var mean = SIMD4<Float>.zero
            for row in cell / cells * width..<(cell / cells + 1) * width {
                for column in cell % cells * width..<(cell % cells + 1) * width { mean += sums[row * side + column] }
            }
            return mean / Float(width * width)
        }
    }

    /// The median over the ranks of what sorted cells differ from others.
    static func difference(_ cells: [Float], _ reference: [Float]) -> Double {
        let differences = zip(cells, reference).map { $0 - $1 }.sorted()
        return Double(differences[differences.count / 2])
    }
}
