import Core
import Testing

@Suite struct MemoryBankTests {
    /// The definition, step by step: squared distances of everything to everything that is taken.
    private func farthestFirst(_ points: Matrix, _ count: Int) -> [Int] {
        var taken = [0]
        while taken.count < min(count, points.rows) {
            var best = (index: 0, distance: Float(-1))
            for candidate in 0..<points.rows {
                let nearest =
                    taken.map { other in
                        zip(points.row(candidate), points.row(other)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                    }.min() ?? 0
                if nearest > best.distance { best = (candidate, nearest) }
            }
            taken.append(best.index)
        }
        return taken
    }

    @Test(arguments: [(67, 5, 20), (130, 33, 40), (1100, 17, 9), (40, 96, 40)])
    func coresetTakesTheFarthestPatchEachTime(rows: Int, columns: Int, count: Int) {
        var seed = SplitMix64(seed: UInt64(rows))
        let points = Matrix.random(rows: rows, columns: columns, using: &seed)
        let expected = farthestFirst(points, count)
        #expect(farthestPointsFirst(points, count: count) == (count < rows ? expected : Array(0..<rows)))
    }

    @Test func coresetOnALineTakesTheEndsThenTheMiddle() {
        let points = Matrix(rows: 5, columns: 1, values: [0, 1, 2, 3, 4])
        #expect(farthestPointsFirst(points, count: 3) == [0, 4, 2])
    }

    @Test func coresetOfEqualPatchesIsStillOfTheAskedSize() {
        let points = Matrix(rows: 6, columns: 2, values: [Float](repeating: 1, count: 12))
        #expect(farthestPointsFirst(points, count: 3).count == 3)
    }

    @Test(arguments: [(3, 5, 2), (37, 700, 19), (300, 1030, 7)])
    func distanceIsToTheMostSimilarStoredPatch(queries: Int, stored: Int, width: Int) {
        var seed = SplitMix64(seed: UInt64(stored))
        var a = Matrix.random(rows: queries, columns: width, using: &seed)
        var b = Matrix.random(rows: stored, columns: width, using: &seed)
        a.normalizeRows()
        b.normalizeRows()
        let expected = (0..<queries).map { query in
            (0..<stored).map { row in 1 - zip(a.row(query), b.row(row)).reduce(0) { $0 + $1.0 * $1.1 } }.min() ?? 0
        }
        let bank = MemoryBank(blocks: [b])
        #expect(agree(bank.nearestDistances(to: a, .serial), expected))
        #expect(agree(bank.nearestDistances(to: a, Parallelism(threads: 2)), expected))
    }

    @Test func leavingAShotOutIsAMemoryWithoutIt() {
        var seed = SplitMix64(seed: 3)
        let blocks = [30, 50, 20].map { rows in
            var block = Matrix.random(rows: rows, columns: 6, using: &seed)
            block.normalizeRows()
            return block
        }
        let without = MemoryBank(blocks: [blocks[0], blocks[2]])
        let query = blocks[1]
        #expect(
            MemoryBank(blocks: blocks).keeping { $0 != 1 }.nearestDistances(to: query)
                == without.nearestDistances(to: query)
        )
        #expect(agree(MemoryBank(blocks: blocks).nearestDistances(to: query), [Float](repeating: 0, count: 50)))
    }
}
