internal import Glibc

// S side of the network's input.

/// Random changes of a picture that leave its defects what they are, as AA-CLIP's code has them.
package enum AdaptationAugmentation {
    /// Brightness, then contrast, then saturation, each with probability 0.7 by a factor of 0.5 ... 1.5.
    package static func jittered(_ image: Image, using random: inout SplitMix64) -> Image {
        func factor() -> Float? { random.uniform() < 0.7 ? random.uniform(0.5...1.5) : nil }
        var result = image
        if let factor = factor() { result = result.adjusted(brightness: factor) }
        if let factor = factor() { result = result.adjusted(contrast: factor) }
        if let factor = factor() { result = result.saturated(factor) }
        return result
    }

    /// Turned by up to 30 degrees, moved by up to 15 % of the side, mirrored left to right and upside down, each with probability
    /// 0.5. What comes in from outside is 0: the mean colour in the input, and good in the mask.
    ///
    /// - Parameters:
    ///   - input: `[3, S, S]`.
    ///   - mask: `[S * S]`; the nearest pixel, as in the input.
    package static func moved(_ input: Tensor, mask: [Float], using random: inout SplitMix64) -> (Tensor, [Float]) {
        let side = input.shape[1]
        let source = sources(side: side, using: &random)
        func moved(_ plane: ArraySlice<Float>) -> [Float] {
            source.map { $0.map { plane[plane.startIndex + $0] } ?? 0 }
        }
        let values = (0..<3).flatMap { moved(input.values[$0 * side * side..<($0 + 1) * side * side]) }
        return (Tensor(shape: input.shape, values: values), moved(mask[...]))
    }

    /// For every pixel, which one comes there; nil is none.
    private static func sources(side: Int, using random: inout SplitMix64) -> [Int?] {
        func half() -> Bool { random.uniform() < 0.5 }
        let angle = half() ? random.uniform(-30...30) * .pi / 180 : 0
        let reach = 0.15 * Float(side)
        let shift =
            half() ? (random.uniform(-reach...reach).rounded(), random.uniform(-reach...reach).rounded()) : (0, 0)
        let (mirrors, flips) = (half(), half())
        let (sine, cosine, centre) = (sin(angle), cos(angle), Float(side - 1) / 2)
        return (0..<side * side).map { pixel in
            let (row, column) = (pixel / side, pixel % side)
            let y = Float(flips ? side - 1 - row : row) - shift.0
            let x = Float(mirrors ? side - 1 - column : column) - shift.1
            let (down, right) = (y - centre, x - centre)
            let sourceRow = Int((centre + cosine * down + sine * right).rounded())
            let sourceColumn = Int((centre - sine * down + cosine * right).rounded())
            let inside = 0..<side
            let isThere = inside.contains(sourceRow) && inside.contains(sourceColumn)
            return isThere ? sourceRow * side + sourceColumn : nil
        }
    }
}

extension Image {
    /// Every colour's distance from the pixel's grey (ITU-R BT.601) times `factor`; clipped to 0...255.
    fileprivate func saturated(_ factor: Float) -> Image {
        var result = self
        for first in stride(from: 0, to: pixels.count, by: 3) {
            let (red, green, blue) = (Float(pixels[first]), Float(pixels[first + 1]), Float(pixels[first + 2]))
            let grey = 0.299 * red + 0.587 * green + 0.114 * blue
            for (channel, colour) in zip(first..., [red, green, blue]) {
                result.pixels[channel] = UInt8(min(max((grey + factor * (colour - grey)).rounded(), 0), 255))
            }
        }
        return result
    }
}
