/// The interpolation of a resize. Raw values are those of the weights' sidecar.
package enum ResampleFilter: String, Sendable, Codable, CaseIterable {
    /// The triangle filter.
    case bilinear
    /// Keys' cubic convolution with a = -0.5 (Keys, "Cubic convolution interpolation for digital image processing",
    /// 1981, equation 4).
    case bicubic

    /// The filter is zero from here on, in source pixels when enlarging.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        }
    }
}

/// For every output coordinate of one axis, the source pixels that it is made of and their weights.
struct ResampleTaps {
    /// Weights are integers, in units of 2^-22: pixel times weight, summed, stays within 32 bits.
    static let fractionBits: Int32 = 22

    /// The widest window; each output coordinate owns that many slots in `weights`.
    let capacity: Int
    /// First source pixel, by output coordinate.
    var firsts: [Int32] = []
    /// Number of source pixels, by output coordinate.
    var counts: [Int32] = []
    var weights: [Int32] = []

    /// Windows and weights as Pillow's `Image.resize` has them: when reducing, the filter is stretched by the scale, so
    /// that every source pixel counts; at the borders the window is cut and the weights are normalised again.
    init(from input: Int, to output: Int, filter: ResampleFilter) {
        let scale = Double(input) / Double(output)
        let stretch = max(scale, 1)
        let support = filter.support * stretch
        capacity = Int(support.rounded(.up)) * 2 + 1
        weights = [Int32](repeating: 0, count: capacity * output)
        for coordinate in 0..<output {
            let centre = (Double(coordinate) + 0.5) * scale
            let first = max(Int(centre - support + 0.5), 0)
            let end = min(Int(centre + support + 0.5), input)
            let exact = (first..<end).map { filter.weight((Double($0) - centre + 0.5) / stretch) }
            let sum = exact.reduce(0, +)
            for (slot, weight) in exact.enumerated() {
                weights[coordinate * capacity + slot] = Self.fixedPoint(sum == 0 ? weight : weight / sum)
            }
            firsts.append(Int32(first))
            counts.append(Int32(exact.count))
        }
    }

    private static func fixedPoint(_ weight: Double) -> Int32 {
        Int32((weight * Double(1 << fractionBits)).rounded(.toNearestOrAwayFromZero))
    }
}
