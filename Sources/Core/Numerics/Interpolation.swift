/// How the value at a place between the points of an axis is made of them.
package struct Interpolation: Sendable, Equatable {
    /// What a point counts for, by its distance in points; a symmetric function of integral 1.
    private enum Kernel: Equatable {
        /// Symmetric but for its two ends, of which one counts.
        case box
        case triangle
        /// Keys, "Cubic convolution interpolation for digital image processing", 1981, equation 4.
        case cubic(a: Double)

        /// It is zero from here on.
        var support: Double {
            switch self {
            case .box: 0.5
            case .triangle: 1
            case .cubic: 2
            }
        }

        func weight(_ distance: Double) -> Double {
            let x = abs(distance)
            switch self {
            case .box:
                return distance > -0.5 && distance <= 0.5 ? 1 : 0
            case .triangle:
                return x < 1 ? 1 - x : 0
            case .cubic(let a):
                if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
                return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
            }
        }
    }

    private let kernel: Kernel
    /// When reducing, the kernel is stretched by the scale, so that every point counts; at the border it is cut, and what is left
    /// is scaled to a sum of 1. Else the border's value goes on beyond it.
    private var isAntialiased = false
    /// The first and last points of both axes lie on one another; else their cells cover the same stretch, with the points in the
    /// middle of each.
    private var alignsCorners = false

    /// As PyTorch's `interpolate(mode: "bilinear")`.
    package static let bilinear = Interpolation(kernel: .triangle)
    /// As PyTorch's `interpolate(mode: "bicubic")`.
    package static let bicubic = Interpolation(kernel: .cubic(a: -0.75))
    /// As Pillow's `BOX`: the mean of what an output covers.
    package static let antialiasedBox = Interpolation(kernel: .box, isAntialiased: true)
    /// As Pillow's `BILINEAR`.
    package static let antialiasedBilinear = Interpolation(kernel: .triangle, isAntialiased: true)
    /// As Pillow's `BICUBIC`, and PyTorch's `interpolate(mode: "bicubic", antialias: True)`.
    package static let antialiasedBicubic = Interpolation(kernel: .cubic(a: -0.5), isAntialiased: true)
    /// As PyTorch's `interpolate(mode: "bilinear", align_corners: True)`.
    package static let alignedBilinear = Interpolation(kernel: .triangle, alignsCorners: true)

    /// The points that make up one of `outputs` values, of an axis of `inputs` points.
    ///
    /// - Parameter stretch: of the axis that the outputs cover; point 0 begins at 0. Rounded to single precision, as Pillow does.
    /// - Precondition: only an antialiased interpolation covers less than the whole axis.
    func window(
        of output: Int, of outputs: Int, over inputs: Int, within stretch: Range<Double>
    ) -> ResampleAxis.Window {
        let (start, end) = (Float(stretch.lowerBound), Float(stretch.upperBound))
        let scale = Double(end - start) / Double(outputs)
        if isAntialiased {
            let (stretch, centre) = (max(scale, 1), Double(start) + (Double(output) + 0.5) * scale)
            let support = kernel.support * stretch
            let points = max(Int(centre - support + 0.5), 0)..<min(Int(centre + support + 0.5), inputs)
            let weights = points.map { kernel.weight((Double($0) - centre + 0.5) / stretch) }
            let sum = weights.reduce(0, +)
            return .init(first: points.lowerBound, weights: sum == 0 ? weights : weights.map { $0 / sum })
        }
        precondition(start == 0 && end == Float(inputs), "interpolation of a piece of an axis")
        let place =
            alignsCorners
            ? outputs > 1 ? Double(output) * Double(inputs - 1) / Double(outputs - 1) : 0
            : (Double(output) + 0.5) * scale - 0.5
        let points =
            Int((place - kernel.support).rounded(.down)) + 1..<Int((place + kernel.support).rounded(.up))
        return .init(points, of: inputs) { kernel.weight(Double($0) - place) }
    }
}
