internal import Glibc

/// Finds how far a picture is shifted against another one, by phase correlation (Kuglin and Hines 1975).
///
/// Pictures are small, so that the discrete Fourier transform is a product with the matrices of cosines and sines. The spectra
/// are whitened, and high frequencies are left out: the peak is then as high for a blurred or darker picture.
struct Registration: Sendable {
    /// How far the content moved: to the right and down, as shares of the side; and how clearly, at most 1.
    struct Shift: Equatable {
        let right: Double
        let down: Double
        let response: Double

        /// Whether it says anything: the highest of unrelated pictures' peaks is about 0.15.
        var isClear: Bool { response >= 0.3 }
    }

    private static let side = SceneProfile.side
    /// Frequencies beyond this, in periods a picture, hardly count.
    private static let cutoff: Float = 10

    private let cosines: Matrix
    private let sines: Matrix
    private let window: [Float]
    private let weights: [Float]
    private let reference: (real: Matrix, imaginary: Matrix)

    /// - Parameter picture: `[side, side]`.
    init(to picture: Matrix) {
        let side = Self.side
        func table(_ function: (Float) -> Float) -> Matrix {
            let values = (0..<side * side).map { index in
                function(2 * Float.pi * Float(index / side * (index % side) % side) / Float(side))
            }
            return Matrix(rows: side, columns: side, values: values)
        }
        (cosines, sines) = (table(cosf), table(sinf))
        let hann = (0..<side).map { 0.5 - 0.5 * cosf(2 * Float.pi * (Float($0) + 0.5) / Float(side)) }
        window = (0..<side * side).map { hann[$0 / side] * hann[$0 % side] }
        weights = (0..<side * side).map { index in
            let (down, across) = (Self.signed(index / side), Self.signed(index % side))
            let square = Float(down * down + across * across)
            // The mean level says nothing about the place.
            return square == 0 ? 0 : expf(-square / (Self.cutoff * Self.cutoff))
        }
        reference = Self.spectrum(of: picture, window, cosines, sines)
    }

    private static func signed(_ index: Int) -> Int { index < side / 2 ? index : index - side }

    /// The transform of the windowed picture without its mean.
    private static func spectrum(
        of picture: Matrix, _ window: [Float], _ cosines: Matrix, _ sines: Matrix
    ) -> (real: Matrix, imaginary: Matrix) {
        let mean = picture.values.reduce(0, +) / Float(picture.values.count)
        let values = zip(picture.values, window).map { ($0 - mean) * $1 }
        let input = Matrix(rows: side, columns: side, values: values)
        let (real, imaginary) = (input.multiplied(by: cosines), input.multiplied(by: sines))
        return (
            combined(cosines.multiplied(by: real), sines.multiplied(by: imaginary), -),
            combined(cosines.multiplied(by: imaginary), sines.multiplied(by: real), { -$0 - $1 })
        )
    }

    private static func combined(_ a: Matrix, _ b: Matrix, _ operation: (Float, Float) -> Float) -> Matrix {
        Matrix(rows: a.rows, columns: a.columns, values: zip(a.values, b.values).map(operation))
    }

    /// - Parameter picture: `[side, side]`.
    func shift(of picture: Matrix) -> Shift {
        let (real, imaginary) = Self.spectrum(of: picture, window, cosines, sines)
        var phase = (real: real, imaginary: imaginary)
        for index in weights.indices {
            let (a, b) = (real.values[index], imaginary.values[index])
            let (c, d) = (reference.real.values[index], reference.imaginary.values[index])
            let (x, y) = (a * c + b * d, b * c - a * d)
            let scale = weights[index] / max((x * x + y * y).squareRoot(), .leastNormalMagnitude)
            phase.real.values[index] = x * scale
            phase.imaginary.values[index] = y * scale
        }
        return peak(of: correlation(phase))
    }

    /// The real part of the inverse transform, divided by the sum of the weights.
    private func correlation(_ phase: (real: Matrix, imaginary: Matrix)) -> Matrix {
        let rows = Self.combined(phase.real.multiplied(by: cosines), phase.imaginary.multiplied(by: sines), -)
        let turned = Self.combined(phase.real.multiplied(by: sines), phase.imaginary.multiplied(by: cosines), +)
        let total = weights.reduce(0, +)
        return Self.combined(cosines.multiplied(by: rows), sines.multiplied(by: turned)) { ($0 - $1) / total }
    }

    /// The highest point, between the samples by parabolas.
    private func peak(of map: Matrix) -> Shift {
        let index = map.values.indices.max { map.values[$0] < map.values[$1] } ?? 0
        let (row, column) = (index / Self.side, index % Self.side)
        func value(_ down: Int, _ across: Int) -> Float {
            map[(row + down + Self.side) % Self.side, (column + across + Self.side) % Self.side]
        }
        func offset(_ before: Float, _ after: Float) -> Float {
            let curvature = before - 2 * value(0, 0) + after
            return curvature < 0 ? (before - after) / (2 * curvature) : 0
        }
        let down = Float(Self.signed(row)) + offset(value(-1, 0), value(1, 0))
        let right = Float(Self.signed(column)) + offset(value(0, -1), value(0, 1))
        return Shift(
            right: Double(right) / Double(Self.side), down: Double(down) / Double(Self.side),
            response: Double(value(0, 0)))
    }
}
