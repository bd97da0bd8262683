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

    /// `[pixels, patches]`: the share of each patch in each pixel.
    private static func axis(patches: Int, pixels: Int, smoothing: Float) -> Matrix {
        ResampleAxis(smoothing: pixels, deviation: Double(smoothing) * Double(pixels) / Double(patches))
            .following(ResampleAxis(from: patches, to: pixels, .bilinear)).matrix
    }
}
