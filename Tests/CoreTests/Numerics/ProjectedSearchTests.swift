import Core
import Foundation
import Testing

@Suite struct ProjectedSearchTests {
    /// Rows around a few centres. As features of pictures do, they differ from them mostly in a few directions, or
    /// else in all directions alike.
    private func clustered(
        _ rows: Int, _ width: Int, inAllDirections: Bool = false, _ seed: inout SplitMix64
    ) -> Matrix {
        var centres = SplitMix64(seed: 99)
        let middle = Matrix.random(rows: 20, columns: width, using: &centres)
        let few = Matrix.random(rows: 40, columns: width, using: &centres)
        let along = Matrix.random(rows: rows, columns: 40, using: &seed).multiplied(by: few)
        var matrix = Matrix.random(rows: rows, columns: width, using: &seed)
        for row in 0..<rows {
            for c in 0..<width {
                let noise = inAllDirections ? 0.5 * matrix[row, c] : 0.15 * along[row, c] + 0.1 * matrix[row, c]
                matrix[row, c] = middle[row % 20, c] + noise
            }
        }
        matrix.normalizeRows()
        return matrix
    }

    private func exact(_ queries: Matrix, _ stored: Matrix) -> [Float] {
        largestProducts(of: queries, with: stored, in: [0..<stored.rows], .serial)
    }

    @Test(arguments: [(1500, 200), (1024, 129), (2050, 384)])
    func theNearestIsFoundOrOneHardlyFarther(stored: Int, width: Int) throws {
        for (inAllDirections, largest) in [(false, Float(1.02)), (true, 1.3)] {
            var seed = SplitMix64(seed: UInt64(stored))
            let rows = clustered(stored, width, inAllDirections: inAllDirections, &seed)
            let queries = clustered(150, width, inAllDirections: inAllDirections, &seed)
            let search = try #require(ProjectedSearch(rows))
            let fast = search.largestProducts(of: queries, with: rows, in: [0..<rows.rows], .serial)
            for (found, best) in zip(fast, exact(queries, rows)) {
                #expect(found <= best + 1e-5 && 1 - found <= largest * (1 - best) + 1e-5)
            }
            let parallel = search.largestProducts(
                of: queries, with: rows, in: [0..<rows.rows], Parallelism(threads: 2))
            #expect(fast == parallel)
        }
    }

    @Test func aStoredRowFindsItself() throws {
        var seed = SplitMix64(seed: 4)
        let rows = clustered(1300, 160, &seed)
        let search = try #require(ProjectedSearch(rows))
        let queries = Matrix(rows: 300, columns: 160, values: Array(rows.values[(1000 * 160)...]))
        let products = search.largestProducts(of: queries, with: rows, in: [0..<600, 600..<1300], .serial)
        #expect(products.allSatisfy { abs($0 - 1) < 1e-5 })
        // Without the rows that were asked for.
        let others = search.largestProducts(of: queries, with: rows, in: [0..<400, 500..<1000], .serial)
        #expect(others.allSatisfy { $0 < 1 - 1e-5 })
    }

    @Test func aSmallMemoryIsSearchedInFull() {
        #expect(ProjectedSearch(Matrix(rows: 1000, columns: 200)) == nil)
        #expect(ProjectedSearch(Matrix(rows: 2000, columns: 24)) == nil)
    }

    private struct Axes: Decodable {
        let rows: Int
        let columns: Int
        let points: [Float]
        let axes: [Float]
    }

    @Test func principalAxesAreTheEigenvectorsOfLAPACK() throws {
        let path = try #require(Bundle.module.path(forResource: "Fixtures/scorers/axes.json", ofType: nil))
        let fixture = try JSONDecoder().decode(Axes.self, from: Data(contentsOf: URL(filePath: path)))
        let points = Matrix(rows: fixture.rows, columns: fixture.columns, values: fixture.points)
        let expected = Matrix(rows: 3, columns: fixture.columns, values: fixture.axes)
        let axes = points.principalAxes(3, iterations: 200)
        for axis in 0..<3 {
            // The sign is anybody's.
            let cosine: Float = zip(axes.row(axis), expected.row(axis)).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(abs(cosine) - 1) < 1e-5)
        }
        #expect(agree(axes.multiplied(byTransposed: axes).values, [1, 0, 0, 0, 1, 0, 0, 0, 1], absolute: 1e-5))
    }

    @Test func whereThereAreNoMoreDirectionsAnAxisIsZero() {
        let line = Matrix(rows: 3, columns: 3, values: [1, 2, 2, 2, 4, 4, -1, -2, -2])
        let axes = line.principalAxes(2, iterations: 5)
        let direction: [Float] = [1, 2, 2].map { $0 / 3 }
        #expect(agree(axes.row(0).map { abs($0) }, direction))
        #expect(Matrix(rows: 2, columns: 4).principalAxes(2, iterations: 3).values.allSatisfy { $0 == 0 })
    }

    @Test(arguments: [1, 2, 7, 30]) func aCholeskyFactorMeasuresAsTheMatrixDoes(d: Int) {
        // A = B Bᵀ + I, and x = A z: then xᵀ A⁻¹ x = zᵀ A z.
        var seed = SplitMix64(seed: UInt64(d))
        let b = Matrix.random(rows: d, columns: d, using: &seed)
        var a = b.multiplied(byTransposed: b)
        for i in 0..<d { a[i, i] += 1 }
        var packed = (0..<d).flatMap { i in (i..<d).map { a[i, $0] } }
        #expect(packed.count == Cholesky.count(d))
        let z = Matrix.random(rows: 1, columns: d, using: &seed)
        var x = z.multiplied(by: a).values
        let expected: Float = zip(x, z.values).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(Cholesky.factor(&packed, d))
        #expect(agree([Cholesky.squaredLength(packed, &x, d)], [expected], relative: 1e-4))
    }

    @Test func aMatrixThatIsNotPositiveDefiniteHasNoFactor() {
        var indefinite: [Float] = [1, 2, 1]
        #expect(!Cholesky.factor(&indefinite, 2))
        var notANumber: [Float] = [.nan]
        #expect(!Cholesky.factor(&notANumber, 1))
    }
}
