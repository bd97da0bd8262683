internal import Glibc

/// How a value between grid points is made from its neighbours.
package enum Interpolation: Sendable {
    case bilinear
    /// Cubic convolution (Keys 1981) with a = -0.75, as PyTorch's `interpolate(mode: "bicubic")`.
    case bicubic

    fileprivate var taps: Int { self == .bilinear ? 2 : 4 }

    /// Weights of the `taps` grid points around a position that lies `fraction` (0 ..< 1) behind the one at `taps / 2 - 1`.
    fileprivate func weights(_ fraction: Float) -> [Float] {
        switch self {
        case .bilinear: return [1 - fraction, fraction]
        case .bicubic:
            let a: Float = -0.75
            func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
            func far(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
            return [far(fraction + 1), near(fraction), near(1 - fraction), far(2 - fraction)]
        }
    }
}

/// One axis of a resampling with half-pixel centres and without antialiasing: for every output position, the grid points
/// that it mixes (the border repeats) and their weights.
package struct ResampleAxis: Sendable {
    package let taps: Int
    package let indices: [Int]
    package let weights: [Float]

    package init(from input: Int, to output: Int, _ interpolation: Interpolation) {
        let taps = interpolation.taps
        var indices: [Int] = []
        var weights: [Float] = []
        for position in 0..<output {
            var source = (Float(position) + 0.5) * Float(input) / Float(output) - 0.5
            // PyTorch clamps the position for bilinear only; the border then has one neighbour.
            if interpolation == .bilinear { source = max(source, 0) }
            let first = Int(source.rounded(.down))
            weights += interpolation.weights(source - Float(first))
            indices += (0..<taps).map { min(max(first - (taps / 2 - 1) + $0, 0), input - 1) }
        }
        self.taps = taps
        self.indices = indices
        self.weights = weights
    }
}

extension FeatureMap {
    /// The map on another grid.
    package func resampled(to grid: PatchGrid, _ interpolation: Interpolation) -> FeatureMap {
        guard grid != self.grid else { return self }
        let vertical = ResampleAxis(from: self.grid.rows, to: grid.rows, interpolation)
        let horizontal = ResampleAxis(from: self.grid.columns, to: grid.columns, interpolation)
        let width = tokens.columns
        var wide = [Float](repeating: 0, count: self.grid.rows * grid.columns * width)
        for row in 0..<self.grid.rows {
            for column in 0..<grid.columns {
                mix(
                    tokens.values, start: row * self.grid.columns * width, step: width, horizontal, column, width,
                    into: &wide, at: (row * grid.columns + column) * width)
            }
        }
        var result = Matrix(rows: grid.count, columns: width)
        for row in 0..<grid.rows {
            mix(
                wide, start: 0, step: grid.columns * width, vertical, row, grid.columns * width,
                into: &result.values, at: row * grid.columns * width)
        }
        return FeatureMap(grid: grid, tokens: result)
    }
}

/// Adds up `axis.taps` runs of `count` values, run `i` beginning at `start + i * step`.
private func mix(
    _ source: [Float], start: Int, step: Int, _ axis: ResampleAxis, _ position: Int, _ count: Int,
    into output: inout [Float], at offset: Int
) {
    source.withUnsafeBufferPointer { source in
        output.withUnsafeMutableBufferPointer { output in
            for tap in position * axis.taps..<(position + 1) * axis.taps {
                let weight = axis.weights[tap]
                let first = start + axis.indices[tap] * step
                for i in 0..<count { output[offset + i] += weight * source[first + i] }
            }
        }
    }
}
