import Core
import Foundation
import TestSupport
import Testing

@Suite struct RowsTests {
    /// Rows, columns: tails of every kind beside whole vectors of 16.
    static let shapes = [(1, 1), (3, 5), (4, 16), (7, 17), (5, 31), (2, 48), (9, 257)]

    private static func matrix(_ shape: (Int, Int), in range: ClosedRange<Float> = -3...3) -> Matrix {
        var random = SplitMix64(seed: UInt64(shape.0 * 1000 + shape.1))
        return Matrix(rows: shape.0, columns: shape.1, values: random.floats(shape.0 * shape.1, in: range))
    }

    private static func rows(of matrix: Matrix) -> [[Double]] {
        (0..<matrix.rows).map { matrix.row($0).map(Double.init) }
    }

    @Test(arguments: shapes) func aNormalisedRowHasMeanBetaAndDeviationGamma(shape: (Int, Int)) {
        let matrix = Self.matrix(shape, in: -3...9)
        var random = SplitMix64(seed: 2)
        let (gamma, beta) = (random.floats(shape.1), random.floats(shape.1))
        let epsilon = 1e-6
        let expected = Self.rows(of: matrix).flatMap { row in
            let mean = row.reduce(0, +) / Double(row.count)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
            return row.enumerated().map { column, value in
                (value - mean) / (variance + epsilon).squareRoot() * Double(gamma[column]) + Double(beta[column])
            }
        }
        let normalised = matrix.layerNorm(gamma: gamma, beta: beta, epsilon: Float(epsilon))
        #expect(firstDifference(normalised.values, expected, atol: 1e-5, rtol: 1e-5) == nil)
    }

    @Test func aLayerNormSurvivesALargeCommonOffset() {
        // mean 1000, variance 1.25: -1.5, -0.5, 0.5, 1.5 over sqrt(1.25)
        let row = Matrix(rows: 1, columns: 4, values: [998.5, 999.5, 1000.5, 1001.5])
        let normalised = row.layerNorm(gamma: [1, 1, 1, 1], beta: [0, 0, 0, 0], epsilon: 0)
        let expected = [-1.5, -0.5, 0.5, 1.5].map { $0 / 1.25.squareRoot() }
        #expect(firstDifference(normalised.values, expected, atol: 1e-5, rtol: 0) == nil)
    }

    @Test(arguments: shapes) func softmaxIsTheShareOfEachExponential(shape: (Int, Int)) {
        let matrix = Self.matrix(shape, in: -20...20)
        let softmax = matrix.softmax()
        let expected = Self.rows(of: matrix).flatMap { row in
            let total = row.reduce(0) { $0 + exp($1) }
            return row.map { exp($0) / total }
        }
        #expect(firstDifference(softmax.values, expected, atol: 1e-9, rtol: 2e-6) == nil)
        for row in Self.rows(of: softmax) { #expect(isClose(row.reduce(0, +), 1, atol: 1e-5, rtol: 0)) }
    }

    @Test func softmaxOfHugeAndTinyValuesIsFinite() {
        let large: Float = 1e30
        let rows = Matrix(
            rows: 4, columns: 3,
            values: [large, large, -large, -large, -large, -large, 0, -200, -100, 1e-30, 0, -1e-30])
        let third = Float(1) / 3
        let expected: [Float] = [0.5, 0.5, 0, third, third, third, 1, 0, 0, third, third, third]
        let softmax = rows.softmax()
        // the smallest exponential is e^-87, not 0
        #expect(firstDifference(softmax.values, expected.map(Double.init), atol: 1e-7, rtol: 0) == nil)
    }

    @Test(arguments: shapes) func aNormalisedRowHasLengthOne(shape: (Int, Int)) {
        var matrix = Self.matrix(shape)
        let expected = Self.rows(of: matrix).flatMap { row in
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / length }
        }
        matrix.normalizeRows()
        #expect(firstDifference(matrix.values, expected, atol: 1e-7, rtol: 1e-5) == nil)
    }

    @Test func aZeroRowStaysZero() {
        var matrix = Matrix(rows: 2, columns: 2, values: [0, 0, 3, 4])
        matrix.normalizeRows()
        #expect(firstDifference(matrix.values, [0, 0, 0.6, 0.8], atol: 1e-7, rtol: 0) == nil)
        #expect(matrix.row(0) == [0, 0])
    }

    @Test func whatIsNotANumberStaysSo() {
        // A number that went wrong must not come out as a small score.
        var matrix = Matrix(rows: 1, columns: 19, values: [Float](repeating: 1, count: 19))
        matrix[0, 3] = .nan
        matrix[0, 17] = .nan
        #expect(matrix.softmax().values.allSatisfy { $0.isNaN })
        let ones = [Float](repeating: 1, count: 19)
        #expect(matrix.layerNorm(gamma: ones, beta: ones, epsilon: 1e-6).values.allSatisfy { $0.isNaN })
    }

    @Test func theLastRowIsTheLastThatIsWritten() {
        // A kernel that wrote a whole vector at a tail would reach the guard behind the matrix.
        for columns in 1...33 {
            var matrix = Matrix(rows: 1, columns: columns, values: [Float](repeating: 2, count: columns))
            matrix.values.reserveCapacity(columns + 64)
            matrix.values.append(contentsOf: [Float](repeating: 7, count: 32))
            matrix.normalizeRows()
            #expect(matrix.values[columns...].allSatisfy { $0 == 7 }, "\(columns) columns")
        }
    }
}
