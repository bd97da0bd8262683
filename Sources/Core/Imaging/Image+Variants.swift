import Glibc

/// Mild changes of a picture, as lighting and placement vary on a line: they stand in for shots that were not taken.
extension Image {
    /// The picture turned anticlockwise about its centre, at the same size. Bilinear; what turns in from outside
    /// repeats the border. Multiples of 90 degrees are exact for square pictures.
    ///
    /// - Precondition: `degrees` is finite.
    package func rotated(byDegrees degrees: Double) -> Image {
        precondition(degrees.isFinite, "rotation by \(degrees) degrees")
        let (sine, cosine) = Self.sineAndCosine(ofDegrees: degrees)
        let (centreRow, centreColumn) = (Double(height - 1) / 2, Double(width - 1) / 2)
        return remapped { row, column in
            let (down, right) = (Double(row) - centreRow, Double(column) - centreColumn)
            return (centreRow + cosine * down + sine * right, centreColumn - sine * down + cosine * right)
        }
    }

    /// The picture larger or smaller about its centre, at the same size. Bilinear; what comes in from outside repeats the border.
    ///
    /// - Precondition: `factor` is positive.
    func scaled(by factor: Double) -> Image {
        precondition(factor > 0, "scale \(factor)")
        guard factor != 1 else { return self }
        let (centreRow, centreColumn) = (Double(height - 1) / 2, Double(width - 1) / 2)
        return remapped { row, column in
            (
                centreRow + (Double(row) - centreRow) / factor, centreColumn + (Double(column) - centreColumn) / factor
            )
        }
    }

    /// Exact at multiples of 90 degrees, which `sin` and `cos` of radians are not.
    static func sineAndCosine(ofDegrees degrees: Double) -> (Double, Double) {
        let turn = degrees.remainder(dividingBy: 360)
        switch turn {
        case 0: return (0, 1)
        case 90: return (1, 0)
        case -90: return (-1, 0)
        case 180, -180: return (0, -1)
        default: return (sin(turn * .pi / 180), cos(turn * .pi / 180))
        }
    }

    /// The picture whose pixel `(row, column)` is this one's at the place that `source` names, interpolated.
    private func remapped(_ source: (_ row: Int, _ column: Int) -> (row: Double, column: Double)) -> Image {
        let result = [UInt8](unsafeUninitializedCapacity: pixels.count) { result, count in
            count = pixels.count
            pixels.withUnsafeBufferPointer { pixels in
                for row in 0..<height {
                    for column in 0..<width {
                        let place = source(row, column)
                        let (y, x) = (place.row.clamped(to: 0, height - 1), place.column.clamped(to: 0, width - 1))
                        let (top, left) = (Int(y), Int(x))
                        let (bottom, right) = (min(top + 1, height - 1), min(left + 1, width - 1))
                        let (down, across) = (Float(y - Double(top)), Float(x - Double(left)))
                        for channel in 0..<3 {
                            func at(_ row: Int, _ column: Int) -> Float {
                                Float(pixels[(row * width + column) * 3 + channel])
                            }
                            let upper = at(top, left) + across * (at(top, right) - at(top, left))
                            let lower = at(bottom, left) + across * (at(bottom, right) - at(bottom, left))
                            result[(row * width + column) * 3 + channel] = UInt8(upper + down * (lower - upper) + 0.5)
                        }
                    }
                }
            }
        }
        return Image(height: height, width: width, pixels: result)
    }

    /// The picture moved down by `rows` and right by `columns`, either may be negative; the border is repeated.
    package func translated(rows: Int, columns: Int) -> Image {
        var result = self
        for row in 0..<height {
            let sourceRow = min(max(row - rows, 0), height - 1)
            for column in 0..<width {
                let sourceColumn = min(max(column - columns, 0), width - 1)
                let (target, source) = ((row * width + column) * 3, (sourceRow * width + sourceColumn) * 3)
                for channel in 0..<3 { result.pixels[target + channel] = pixels[source + channel] }
            }
        }
        return result
    }

    /// Every pixel times `brightness`, then its distance from the picture's mean grey times `contrast`; clipped to
    /// 0...255.
    ///
    /// - Precondition: both factors are finite and not negative; 1 changes nothing.
    package func adjusted(brightness: Float = 1, contrast: Float = 1) -> Image {
        precondition(
            brightness.isFinite && contrast.isFinite && brightness >= 0 && contrast >= 0,
            "brightness \(brightness), contrast \(contrast)")
        let sum = pixels.reduce(into: 0) { $0 += Int($1) }
        let mean = brightness * Float(sum) / Float(pixels.count)
        let table = (0..<256).map { value in
            UInt8(min(max((Float(value) * brightness - mean) * contrast + mean, 0), 255).rounded())
        }
        return Image(height: height, width: width, pixels: pixels.map { table[Int($0)] })
    }
}

extension Double {
    fileprivate func clamped(to lower: Int, _ upper: Int) -> Double {
        Swift.min(Swift.max(self, Double(lower)), Double(upper))
    }
}
