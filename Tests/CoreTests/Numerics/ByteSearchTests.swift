import Core
import Foundation
import TestSupport
import Testing

@Suite struct ByteSearchTests {
    /// Rows that differ from a few centres, as features of pictures do: mostly in a few directions.
    static func clustered(_ rows: Int, _ width: Int, noise: Float = 0.1, _ seed: inout SplitMix64) -> Matrix {
        var centres = SplitMix64(seed: 99)
        let middle = Matrix.random(rows: 20, columns: width, using: &centres)
        let few = Matrix.random(rows: min(width, 30), columns: width, using: &centres)
        let along = Matrix.random(rows: rows, columns: few.rows, using: &seed).multiplied(by: few)
        var matrix = Matrix.random(rows: rows, columns: width, using: &seed)
        for row in 0..<rows {
            for c in 0..<width {
                matrix[row, c] = middle[row % 20, c] + 0.15 * along[row, c] + noise * matrix[row, c]
            }
        }
        matrix.normalizeRows()
        return matrix
    }

    private func exact(_ queries: Matrix, _ stored: Matrix) -> [Float] {
        (0..<queries.rows).map { query in
            (0..<stored.rows).map { row in
                Float(zip(queries.row(query), stored.row(row)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) })
            }.max() ?? 0
        }
    }

    /// Rows of a memory, and their width: tails of panels and of segments (2048 rows), of groups of four columns, fewer columns than axes.
    @Test(arguments: [(1024, 32), (1057, 35), (2049, 80), (2500, 112), (4200, 384)], IntegerLinearTests.paths)
    func theNearestRowIsFoundOrOneHardlyFarther(shape: (rows: Int, width: Int), path: IntegerPath) throws {
        var seed = SplitMix64(seed: UInt64(shape.rows))
        let stored = Self.clustered(shape.rows, shape.width, &seed)
        let queries = Self.clustered(61, shape.width, &seed)
        let search = try #require(ByteSearch(stored, path: path))
        let found = search.largestProducts(of: queries, with: stored, in: [0..<stored.rows], .serial)
        var farther: Float = 0
        for (found, best) in zip(found, exact(queries, stored)) {
            #expect(found <= best + 1e-5)
            farther += max(best - found, 0) / (1 - best)
        }
        #expect(farther / 61 < 1e-3)
        let parallel = search.largestProducts(
            of: queries, with: stored, in: [0..<stored.rows], Parallelism(threads: 2))
        #expect(found == parallel)
    }

    @Test func allPathsFindTheSame() throws {
        var seed = SplitMix64(seed: 8)
        let stored = Self.clustered(3000, 96, noise: 0.5, &seed)
        let queries = Self.clustered(100, 96, noise: 0.5, &seed)
        let found = try IntegerLinearTests.paths.map { path in
            try #require(ByteSearch(stored, path: path))
                .largestProducts(of: queries, with: stored, in: [0..<3000], .serial)
        }
        #expect(found.allSatisfy { $0 == found[0] })
    }

    @Test func aStoredRowFindsItselfAndNothingThatIsLeftOut() throws {
        var seed = SplitMix64(seed: 4)
        let stored = Self.clustered(1300, 160, &seed)
        let search = try #require(ByteSearch(stored))
        let queries = Matrix(rows: 300, columns: 160, values: Array(stored.values[(1000 * 160)...]))
        let products = search.largestProducts(of: queries, with: stored, in: [0..<600, 600..<1300], .serial)
        #expect(products.allSatisfy { abs($0 - 1) < 1e-5 })
        let others = search.largestProducts(of: queries, with: stored, in: [0..<400, 500..<1000], .serial)
        #expect(others.allSatisfy { $0 < 1 - 1e-5 })
        // The only row that is left is found, however unlike it is.
        let one = Matrix(rows: 1, columns: 160, values: Array(stored.row(7)))
        let only = search.largestProducts(of: queries, with: stored, in: [7..<8], .serial)
        #expect(agree(only, exact(queries, one), absolute: 1e-5))
    }

    @Test func rowsThatAreAllTheSameOrOppositeOrZeroAreFound() throws {
        let width = 64
        let row = (0..<width).map { Float($0 % 3) - 1 }
        var same = Matrix(rows: 1100, columns: width, values: (0..<1100).flatMap { _ in row })
        same.normalizeRows()
        var opposite = same
        for index in 0..<width { opposite.values[550 * width + index].negate() }
        for stored in [same, opposite, Matrix(rows: 1100, columns: width)] {
            let queries = Matrix(rows: 2, columns: width, values: Array(same.row(0)) + same.row(0).map { -$0 })
            let search = try #require(ByteSearch(stored))
            let found = search.largestProducts(of: queries, with: stored, in: [0..<1100], .serial)
            #expect(agree(found, exact(queries, stored), absolute: 1e-4))
        }
    }

    @Test func aQueryThatIsNoNumberHasNoNearestRow() throws {
        // It must not come out as like a good part.
        var seed = SplitMix64(seed: 6)
        let stored = Self.clustered(1200, 48, &seed)
        let search = try #require(ByteSearch(stored))
        for place in [0, 40] {
            var queries = Self.clustered(3, 48, &seed)
            queries[1, place] = .nan
            let found = search.largestProducts(of: queries, with: stored, in: [0..<1200], .serial)
            #expect(found[1].isNaN && found[0] <= 1.00001 && found[2] <= 1.00001)
        }
        var damaged = stored
        damaged[5, 5] = .nan
        #expect(ByteSearch(damaged) == nil)
    }

    @Test func aSmallMemoryIsSearchedInFull() {
        #expect(ByteSearch(Matrix(rows: 1000, columns: 200)) == nil)
        #expect(ByteSearch(Matrix(rows: 2000, columns: 24)) == nil)
    }
}
