import Glibc

/// A square cut of a picture that may be turned.
package struct TurnedSquare: Sendable, Equatable {
    /// Of its middle, `(x, y)` in pixels.
    package let centre: SIMD2<Double>
    /// In pixels.
    package let side: Double
    /// By which its rows are turned clockwise against those of the picture, -180...180.
    package let degrees: Double

    /// What it shows, as a picture of `pixels` x `pixels`; grey beyond the border.
    func cut(_ image: Image, pixels: Int) -> Image {
        let step = side / Double(pixels)
        // Twice as finely sampled where more than one and a half pixels become one.
        let fineness = step > 1.5 ? 2 : 1
        let (sine, cosine) = Image.sineAndCosine(ofDegrees: degrees)
        let (right, down) = (SIMD2(cosine, sine), SIMD2(-sine, cosine))
        let piece = SampledPiece(
            corner: centre - side / 2 * (right + down), right: step / Double(fineness) * right,
            down: step / Double(fineness) * down, height: pixels * fineness, width: pixels * fineness)
        let sampled = image.sampled(piece, beyond: .colour(SIMD3(128, 128, 128)))
        return fineness == 1
            ? sampled : sampled.resized(height: pixels, width: pixels, interpolation: .antialiasedBox)
    }
}

extension NearestPatch {
    /// Patches that a square of the part shows, across.
    private static let across = 9.0
    /// Pixels of each half of the picture, and between them.
    private static let (side, gap) = (320, 8)

    /// What is shown of the part and of the good one: the same scale, and the good one turned as the part lies.
    ///
    /// - Parameters:
    ///   - place: in the good picture: that of the match, or else the same place.
    ///   - part: the size of the part's inspected region, `good` of the other one's; in any pixels.
    package func squares(
        beside place: PatchPlace, part: PixelSize, good: PixelSize
    ) -> (part: TurnedSquare, good: TurnedSquare) {
        func pixels(_ share: SIMD2<Double>, _ size: PixelSize) -> SIMD2<Double> {
            share * SIMD2(Double(size.width), Double(size.height))
        }
        let (step, down, other) = (pixels(right, part), pixels(self.down, part), pixels(place.step, good))
        let side = min(
            Self.across * (step.length * down.length).squareRoot(), Double(min(part.height, part.width)))
        let degrees = (other.degrees - step.degrees).remainder(dividingBy: 360)
        return (
            TurnedSquare(centre: pixels(centre, part), side: side, degrees: 0),
            TurnedSquare(
                centre: pixels(place.centre, good),
                side: side * other.length / max(step.length, .leastNonzeroMagnitude),
                degrees: degrees)
        )
    }

    /// The part on the left and the good one on the right, with a frame around the patch in both.
    ///
    /// - Parameters:
    ///   - part: its inspected region at any reduction; `good`, too.
    package func drawn(beside place: PatchPlace, part: Image, good: Image) -> Image {
        let partSize = PixelSize(height: part.height, width: part.width)
        let squares = squares(
            beside: place, part: partSize, good: PixelSize(height: good.height, width: good.width))
        let corners = corners(squares.part, partSize)
        var halves = [squares.part.cut(part, pixels: Self.side), squares.good.cut(good, pixels: Self.side)]
        for half in halves.indices {
            for (corner, next) in zip(corners, corners.dropFirst() + corners.prefix(1)) {
                halves[half].draw(from: corner, to: next, SIMD3(255, 255, 255), .standard)
            }
        }
        let width = 2 * Self.side + Self.gap
        var pixels = [UInt8](repeating: 255, count: Self.side * width * 3)
        for row in 0..<Self.side {
            for (half, image) in halves.enumerated() {
                let start = (row * width + half * (Self.side + Self.gap)) * 3
                pixels.replaceSubrange(
                    start..<start + Self.side * 3, with: image.pixels[row * Self.side * 3..<(row + 1) * Self.side * 3])
            }
        }
        return Image(height: Self.side, width: width, pixels: pixels)
    }

    /// Of the patch, in pixels of a half.
    private func corners(_ square: TurnedSquare, _ size: PixelSize) -> [SIMD2<Double>] {
        let scale = Double(Self.side) / square.side * SIMD2(Double(size.width), Double(size.height))
        let middle = SIMD2(repeating: Double(Self.side) / 2)
        let (right, down) = (right * scale / 2, down * scale / 2)
        return [middle - right - down, middle + right - down, middle + right + down, middle - right + down]
    }
}

extension SIMD2<Double> {
    fileprivate var length: Double { (self * self).sum().squareRoot() }
    fileprivate var degrees: Double { atan2(y, x) * 180 / .pi }
}
