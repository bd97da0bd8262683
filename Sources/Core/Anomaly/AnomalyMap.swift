internal import Glibc

extension ScoreMap {
    /// The score map enlarged to a picture (bilinear, half-pixel centres) and smoothed with a Gaussian.
    ///
    /// Both steps are linear and work along one axis at a time, so they are one matrix an axis, and the map is
    /// `vertical * scores * horizontalᵀ`. The weights of every pixel add up to 1: the map keeps the unit of the scores and
    /// stays within their range.
    ///
    /// - Parameter smoothing: the Gaussian's standard deviation, in patches of each axis.
    /// - Returns: `[height, width]`.
    package func enlarged(height: Int, width: Int, smoothing: Float) -> Matrix {
        let vertical = Self.axis(patches: grid.rows, pixels: height, smoothing: smoothing)
        let horizontal = Self.axis(patches: grid.columns, pixels: width, smoothing: smoothing)
        let scores = Matrix(rows: grid.rows, columns: grid.columns, values: values)
        return vertical.multiplied(by: scores).multiplied(byTransposed: horizontal)
    }

    /// `[pixels, patches]`: the share of each patch in each pixel. The Gaussian ends at 4 standard deviations; beyond the
    /// border the last pixel repeats.
    private static func axis(patches: Int, pixels: Int, smoothing: Float) -> Matrix {
        let bilinear = ResampleAxis(from: patches, to: pixels, .bilinear)
        let sigma = smoothing * Float(pixels) / Float(patches)
        let radius = Int((4 * sigma + 0.5).rounded(.down))
        var kernel = (-radius...radius).map { offset in
            sigma > 0 ? expf(-0.5 * Float(offset * offset) / (sigma * sigma)) : 1
        }
        let total = kernel.reduce(0, +)
        kernel = kernel.map { $0 / total }
        var result = Matrix(rows: pixels, columns: patches)
        for pixel in 0..<pixels {
            for (tap, weight) in kernel.enumerated() {
                let source = min(max(pixel + tap - radius, 0), pixels - 1)
                for neighbour in source * bilinear.taps..<(source + 1) * bilinear.taps {
                    result[pixel, bilinear.indices[neighbour]] += weight * bilinear.weights[neighbour]
                }
            }
        }
        return result
    }
}
