internal import Glibc

/// How a value between grid points is made from its neighbours.
package enum Interpolation: Sendable {
    case bilinear
    /// Cubic convolution (Keys 1981) with a = -0.75, as PyTorch's `interpolate(mode: "bicubic")`.
    case bicubic
    /// Cubic convolution with a = -0.5 over a window that widens when reducing, cut at the border, as PyTorch's
    /// `interpolate(mode: "bicubic", antialias: True)`.
    case antialiasedBicubic

}

/// Keys' weights with a = -0.75 of the four grid points around a position that lies `fraction` (0 ..< 1) behind the second.
private func cubicWeights(_ fraction: Float) -> [Float] {
    let a: Float = -0.75
    func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
    func far(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return [far(fraction + 1), near(fraction), near(1 - fraction), far(2 - fraction)]
}

/// One axis of a resampling with half-pixel centres: for every output position, the grid points that it mixes and their
/// weights.
package struct ResampleAxis: Sendable {
    package let taps: Int
    package let indices: [Int]
    package let weights: [Float]

    package init(from input: Int, to output: Int, _ interpolation: Interpolation) {
        let scale = Float(input) / Float(output)
        var points: [[(index: Int, weight: Float)]] = []
        for position in 0..<output {
            let source = (Float(position) + 0.5) * Float(input) / Float(output) - 0.5
            switch interpolation {
            // PyTorch clamps the position for bilinear only; the border then has one neighbour.
            case .bilinear: points.append(Self.points(max(source, 0), before: 0) { [1 - $0, $0] })
            case .bicubic: points.append(Self.points(source, before: 1, cubicWeights))
            case .antialiasedBicubic:
                points.append(Self.window(around: Double(source) + 0.5, stretch: Double(max(scale, 1)), of: input))
            }
        }
        let taps = points.map(\.count).max() ?? 0
        self.taps = taps
        indices = points.flatMap { points in
            (0..<taps).map { tap in tap < points.count ? min(max(points[tap].index, 0), input - 1) : 0 }
        }
        weights = points.flatMap { points in (0..<taps).map { tap in tap < points.count ? points[tap].weight : 0 } }
    }

    /// The grid points around `source`, beginning `before` points before the one below it; the border repeats.
    private static func points(
        _ source: Float, before: Int, _ weights: (Float) -> [Float]
    ) -> [(index: Int, weight: Float)] {
        let first = Int(source.rounded(.down))
        return weights(source - Float(first)).enumerated().map { (first - before + $0, $1) }
    }

    /// The grid points, `0.5` behind their index, that the filter reaches when it is stretched; what the border cuts off is made
    /// up for by the others.
    private static func window(around centre: Double, stretch: Double, of input: Int) -> [(index: Int, weight: Float)] {
        let filter = ResampleFilter.bicubic
        let support = filter.support * stretch
        let indices = max(Int(centre - support + 0.5), 0)..<min(Int(centre + support + 0.5), input)
        let weights = indices.map { filter.weight((Double($0) + 0.5 - centre) / stretch) }
        let sum = weights.reduce(0, +)
        return zip(indices, weights).map { ($0, Float($1 / sum)) }
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
