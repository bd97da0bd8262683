internal import Glibc

extension AnomalyCanvas {
    /// Two patches of the picture, resized, pasted elsewhere by Poisson image editing. The mask comes from the change of
    /// intensity through a logistic (midpoint 1/12, slope 24).
    ///
    /// - SeeAlso: Schlueter et al., "Natural synthetic anomalies for self-supervised anomaly detection and localization",
    ///   ECCV 2022; the settings are those for objects that fill much of the picture.
    mutating func pasteSeamlessly(strength: Float, using random: inout SplitMix64) {
        for _ in 0..<2 {
            let height = patchSide(of: image.height, strength: strength, using: &random)
            let width = patchSide(of: image.width, strength: strength, using: &random)
            let scale = min(max(1 + 0.5 * random.normal(), 0.5), 2)
            // One pixel more all around: the solver needs the source's border, too.
            let source = place(
                height: Self.sourceSide(height + 2, scale, of: image.height),
                width: Self.sourceSide(width + 2, scale, of: image.width), using: &random)
            let target = place(height: height, width: width, margin: 1, using: &random)
            let patch = original.cropped(to: source).resized(height: height + 2, width: width + 2, filter: .bilinear)
            lay(patch.cloned(into: image, in: target), opacity: Self.opacity(strength), in: target)
        }
        labelByChange { 1 / (1 + exp(-24 * ($0 - 1 / 12))) }
    }

    /// 3 % to 40 % of a side, most often small.
    private func patchSide(of side: Int, strength: Float, using random: inout SplitMix64) -> Int {
        let share = min(random.gammaOfShape2(scale: 0.05) * (0.3 + 0.7 * strength) + 0.03, 0.4)
        return min(max(Int(share * Float(side)), 2), side - 2)
    }

    private static func sourceSide(_ length: Int, _ scale: Float, of side: Int) -> Int {
        min(max(Int(Float(length) / scale), 2), side)
    }
}

extension Image {
    /// This patch cloned seamlessly into a rectangle of `target`: it keeps its gradients and takes the target's values at the
    /// border (Perez et al., "Poisson image editing", 2003, with the source's gradients, "normal" mode).
    ///
    /// The result `f` has the patch's Laplacian, so `f - patch` has none and is the membrane over the border's differences:
    /// no gradient needs to be taken, and no digit is lost on the way.
    ///
    /// - Parameter rectangle: inside of `target`, at least one pixel from its border.
    /// - Precondition: the patch has one pixel more on every side than the rectangle.
    /// - Returns: of the rectangle's size.
    package func cloned(into target: Image, in rectangle: PixelRectangle) -> Image {
        precondition(
            height == rectangle.height + 2 && width == rectangle.width + 2,
            "clone: [\(height), \(width)] into \(rectangle)")
        let frame = target.cropped(
            to: PixelRectangle(x: rectangle.x - 1, y: rectangle.y - 1, width: width, height: height))
        let solver = PoissonSolver(rows: rectangle.height, columns: rectangle.width)
        var result = Image(
            height: rectangle.height, width: rectangle.width,
            pixels: [UInt8](repeating: 0, count: rectangle.height * rectangle.width * 3))
        for channel in 0..<3 {
            let difference = (0..<height * width).map { pixel in
                Float(frame.pixels[pixel * 3 + channel]) - Float(pixels[pixel * 3 + channel])
            }
            let membrane = solver.solution(border: Matrix(rows: height, columns: width, values: difference))
            for row in 0..<rectangle.height {
                for column in 0..<rectangle.width {
                    let index = row * rectangle.width + column
                    let value = Float(pixels[((row + 1) * width + column + 1) * 3 + channel]) + membrane.values[index]
                    result.pixels[index * 3 + channel] = UInt8(min(max(value, 0), 255) + 0.5)
                }
            }
        }
        return result
    }
}
