internal import Glibc

/// Smooth noise: random slopes at the corners of a lattice, blended between them (Perlin, "Improving noise", SIGGRAPH 2002).
struct PerlinNoise {
    private let columns: Int
    /// A unit vector a corner of the lattice, `(down, across)`.
    private let slopes: [SIMD2<Float>]

    /// - Parameters:
    ///   - rows, columns: cells of the lattice.
    init(rows: Int, columns: Int, using random: inout SplitMix64) {
        self.columns = columns
        slopes = (0..<(rows + 1) * (columns + 1)).map { _ in
            let angle = random.uniform(0...2 * .pi)
            return SIMD2(sin(angle), cos(angle))
        }
    }

    /// The noise at a place, in cells from the upper left corner: 0 at the corners of cells, within -0.71...0.71.
    func value(down: Float, across: Float) -> Float {
        let (row, column) = (Int(down), Int(across))
        let (y, x) = (down - Float(row), across - Float(column))
        func slope(_ below: Int, _ right: Int) -> Float {
            let vector = slopes[(row + below) * (columns + 1) + column + right]
            return vector.x * (y - Float(below)) + vector.y * (x - Float(right))
        }
        let upper = slope(0, 0) + Self.fade(x) * (slope(0, 1) - slope(0, 0))
        let lower = slope(1, 0) + Self.fade(x) * (slope(1, 1) - slope(1, 0))
        return upper + Self.fade(y) * (lower - upper)
    }

    private static func fade(_ t: Float) -> Float { t * t * t * (t * (t * 6 - 15) + 10) }
}

extension Matrix {
    /// A spot with a ragged outline, `[height, width]`: 1 inside, 0 outside and at the border, steep in between. Two octaves
    /// of Perlin noise, lowered towards the border, are cut off at zero.
    ///
    /// - Parameter cells: of the coarse octave along each side; more make the spot more ragged, and then several.
    init(spotOfHeight height: Int, width: Int, cells: Int, using random: inout SplitMix64) {
        let coarse = PerlinNoise(rows: cells, columns: cells, using: &random)
        let fine = PerlinNoise(rows: 2 * cells, columns: 2 * cells, using: &random)
        self.init(rows: height, columns: width)
        for row in 0..<height {
            let down = (Float(row) + 0.5) / Float(height)
            for column in 0..<width {
                let across = (Float(column) + 0.5) / Float(width)
                let squaredRadius = 4 * ((down - 0.5) * (down - 0.5) + (across - 0.5) * (across - 0.5))
                guard squaredRadius < 1 else { continue }
                let scale = Float(cells)
                let noise =
                    coarse.value(down: down * scale, across: across * scale) + 0.5
                    * fine.value(down: down * 2 * scale, across: across * 2 * scale)
                // Below zero at radius 1 whatever the noise, whose sum reaches 1.07.
                let height = noise + 0.35 - 1.42 * squaredRadius
                values[row * width + column] = min(max(0.5 + 12 * height, 0), 1)
            }
        }
    }
}
