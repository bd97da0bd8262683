/// A piece of a plane that a picture is drawn of: a parallelogram, in pixels of another picture.
struct SampledPiece {
    /// Where the upper left corner of the first pixel lies, `(x, y)`.
    var corner: SIMD2<Double>
    /// From one pixel to the next one on its right.
    var right: SIMD2<Double>
    /// From one pixel to the next one below.
    var down: SIMD2<Double>
    let height: Int
    let width: Int
}

/// What there is beyond the border of a picture.
enum Surroundings {
    /// The picture in a mirror: the border's pixels are not repeated.
    case reflection
    case colour(SIMD3<UInt8>)
}

extension Image {
    /// A piece of the picture that may be turned. Nothing is smoothed: of a piece that is reduced, take more pixels and reduce those.
    ///
    /// Bicubic (Keys' convolution with a = -1), cut off to 8 bits: as Pillow's `Image.transform` with `AFFINE` and `BICUBIC`, but
    /// in single precision, which tells a few pixels in a thousand by one level. Near the border the border is repeated, unless
    /// the picture is reflected.
    ///
    /// - Complexity: 20 vector operations a pixel.
    func sampled(_ piece: SampledPiece, beyond surroundings: Surroundings) -> Image {
        let (height, width, size) = (height, width, piece.height * piece.width * 3)
        let isReflected = if case .reflection = surroundings { true } else { false }
        let colour = if case .colour(let colour) = surroundings { colour } else { SIMD3<UInt8>.zero }
        let sampled = [UInt8](unsafeUninitializedCapacity: size) { output, count in
            count = size
            pixels.withUnsafeBytes { pixels in
                let source = BicubicSource(pixels: pixels, height: height, width: width, isReflected: isReflected)
                var index = 0
                for row in 0..<piece.height {
                    let start = piece.corner + piece.down * (Double(row) + 0.5)
                    for column in 0..<piece.width {
                        let place = start + piece.right * (Double(column) + 0.5)
                        let isInside =
                            place.x >= 0 && place.x < Double(width) && place.y >= 0 && place.y < Double(height)
                        let value = isInside || isReflected ? source.value(at: place) : colour
                        (output[index], output[index + 1], output[index + 2]) = (value.x, value.y, value.z)
                        index += 3
                    }
                }
            }
        }
        return Image(height: piece.height, width: piece.width, pixels: sampled)
    }

    /// The median of each channel over the outermost `depth` rows and columns; the corners count twice. Half a level is cut off.
    func borderColour(depth: Int) -> SIMD3<UInt8> {
        var counts = [[Int]](repeating: [Int](repeating: 0, count: 256), count: 3)
        func count(rows: Range<Int>, columns: Range<Int>) {
            for row in rows {
                for column in columns {
                    for channel in 0..<3 { counts[channel][Int(pixels[(row * width + column) * 3 + channel])] += 1 }
                }
            }
        }
        let (high, wide) = (min(depth, height), min(depth, width))
        count(rows: 0..<high, columns: 0..<width)
        count(rows: height - high..<height, columns: 0..<width)
        count(rows: 0..<height, columns: 0..<wide)
        count(rows: 0..<height, columns: width - wide..<width)
        let total = 2 * (high * width + wide * height)
        /// The value of this rank, from 0.
        func value(_ rank: Int, _ counts: [Int]) -> Int {
            var below = 0
            return counts.firstIndex { count in
                below += count
                return below > rank
            } ?? 255
        }
        let medians = counts.map { UInt8((value((total - 1) / 2, $0) + value(total / 2, $0)) / 2) }
        return SIMD3(medians[0], medians[1], medians[2])
    }
}

/// A picture to be read between its pixels.
private struct BicubicSource {
    let pixels: UnsafeRawBufferPointer
    let height: Int
    let width: Int
    let isReflected: Bool

    /// - Parameter place: `(x, y)`; the first pixel's centre is at 0.5.
    @inline(__always)
    func value(at place: SIMD2<Double>) -> SIMD3<UInt8> {
        let (x, y) = (place.x - 0.5, place.y - 0.5)
        let (left, top) = (x.rounded(.down), y.rounded(.down))
        let (across, down) = (Self.weights(Float(x - left)), Self.weights(Float(y - top)))
        let (column, row) = (Int(left) - 1, Int(top) - 1)
        // Four bytes a pixel are read: behind the last pixel of all there is none.
        let isWithin = column >= 0 && row >= 0 && column + 4 <= width && row + 4 < height
        var sum = SIMD4<Float>.zero
        for i in 0..<4 {
            let line =
                isWithin
                ? self.line(from: ((row + i) * width + column) * 3, across) : lineAcross(row + i, column, across)
            sum += line * down[i]
        }
        // So much more than single precision is off by: what is a whole level stays it.
        let levels = (sum + 1.0 / 1024).clamped(lowerBound: .zero, upperBound: .init(repeating: 255))
        return SIMD3(UInt8(levels.x), UInt8(levels.y), UInt8(levels.z))
    }

    /// Four neighbouring pixels of a row, weighted.
    @inline(__always)
    private func line(from byte: Int, _ weights: SIMD4<Float>) -> SIMD4<Float> {
        var sum = SIMD4<Float>.zero
        for i in 0..<4 {
            let four = unsafeBitCast(
                pixels.loadUnaligned(fromByteOffset: byte + 3 * i, as: UInt32.self), to: SIMD4<UInt8>.self)
            sum += SIMD4<Float>(four) * weights[i]
        }
        return sum
    }

    /// The same across the border.
    private func lineAcross(_ row: Int, _ column: Int, _ weights: SIMD4<Float>) -> SIMD4<Float> {
        let start = inside(row, height) * width
        var sum = SIMD4<Float>.zero
        for i in 0..<4 {
            let byte = (start + inside(column + i, width)) * 3
            sum += SIMD4(Float(pixels[byte]), Float(pixels[byte + 1]), Float(pixels[byte + 2]), 0) * weights[i]
        }
        return sum
    }

    private func inside(_ point: Int, _ count: Int) -> Int {
        guard isReflected, count > 1 else { return min(max(point, 0), count - 1) }
        let period = 2 * (count - 1)
        let place = ((point % period) + period) % period
        return min(place, period - place)
    }

    /// Of the four pixels around a place that lies `d` behind the second one, 0 to 1.
    @inline(__always)
    private static func weights(_ d: Float) -> SIMD4<Float> {
        let (square, cube) = (d * d, d * d * d)
        return SIMD4(2 * square - d - cube, 1 - 2 * square + cube, d + square - cube, cube - square)
    }
}
