internal import CKernels

// N queries, M stored rows, D feature width.

/// For every query, the largest dot product with any of the rows of `stored` that lie in `ranges`.
///
/// - Parameters:
///   - queries: `[N, D]`.
///   - stored: `[M, D]`.
///   - ranges: rows of `stored` to look at.
/// - Returns: `[N]`; `-infinity` when there is no row to look at.
/// - Complexity: one blocked GEMM, O(N M D); scratch of 256 KiB a thread.
package func largestProducts(
    of queries: Matrix, with stored: Matrix, in ranges: [Range<Int>], _ parallelism: Parallelism
) -> [Float] {
    precondition(queries.columns == stored.columns, "neighbours: width \(queries.columns) and \(stored.columns)")
    precondition(ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= stored.rows }, "neighbours: \(ranges)")
    let width = queries.columns
    // A tile of products stays in the second-level cache between the GEMM and the search for its maximum.
    let tile = (rows: 128, columns: 512)
    let scratch = (0..<parallelism.threads).map { _ in Storage(count: tile.rows * tile.columns) }
    var best = [Float](repeating: -.infinity, count: queries.rows)
    best.withUnsafeMutableBufferPointer { best in
        queries.values.withUnsafeBufferPointer { queryValues in
            stored.values.withUnsafeBufferPointer { storedValues in
                guard let best = best.baseAddress, let q = queryValues.baseAddress, let s = storedValues.baseAddress
                else { return }
                parallelism.forEachRange(of: queries.rows, grain: 16) { part, rows in
                    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: tile.rows) {
                        let count = min(tile.rows, rows.upperBound - row)
                        for range in ranges {
                            for first in stride(from: range.lowerBound, to: range.upperBound, by: tile.columns) {
                                let columns = min(tile.columns, range.upperBound - first)
                                gemm(
                                    count, columns, width, q + row * width, width, s + first * width, width,
                                    transposeB: true, into: scratch[part].base, columns)
                                fsac_row_max(scratch[part].base, count, columns, best + row)
                            }
                        }
                    }
                }
            }
        }
    }
    return best
}

/// Greedy k-centre selection (Gonzalez 1985; "farthest point first"): starts with the first row, then always takes the
/// row that is farthest from all taken so far, the first of equals.
///
/// - Returns: indices of `count` rows in the order in which they were taken; every row when there are no more.
/// - Complexity: one pass over the rows for each that is taken, O(count N D).
package func farthestPointsFirst(_ points: Matrix, count: Int, _ parallelism: Parallelism) -> [Int] {
    guard count < points.rows else { return Array(0..<points.rows) }
    guard count > 0 else { return [] }
    // Few rows are not worth a second thread's company.
    let team = Parallelism(threads: max(1, min(parallelism.threads, points.rows / 512)))
    let taken = FarthestOfParts(parts: team.threads, steps: count - 1)
    let squared = Storage([Float](repeating: .infinity, count: points.rows))
    points.values.withUnsafeBufferPointer { values in
        guard let base = values.baseAddress else { return }
        team.run(
            (0..<count - 1).map { step in
                team.phase(over: points.rows) { part, rows in
                    let index = fsac_farthest_point(
                        base, points.columns, base + taken.choice(step) * points.columns, squared.base, rows.lowerBound,
                        rows.upperBound)
                    taken.store(step, part, index: index, squared: squared.base[index])
                }
            })
    }
    return (0..<count).map(taken.choice)
}

/// What each part of the rows found in each step to be its farthest row.
// Safety: the parts of a step write disjoint elements, and a step reads only what the steps before it wrote.
private final class FarthestOfParts: @unchecked Sendable {
    private let parts: Int
    private let found: UnsafeMutableBufferPointer<(index: Int, squared: Float)>

    init(parts: Int, steps: Int) {
        self.parts = parts
        found = .allocate(capacity: parts * steps)
        found.initialize(repeating: (0, 0))
    }

    deinit { found.deallocate() }

    func store(_ step: Int, _ part: Int, index: Int, squared: Float) { found[step * parts + part] = (index, squared) }

    /// The row that is taken in `step`; the first row in step 0.
    func choice(_ step: Int) -> Int {
        guard step > 0 else { return 0 }
        var best = found[(step - 1) * parts]
        for part in 1..<max(parts, 1) where found[(step - 1) * parts + part].squared > best.squared {
            best = found[(step - 1) * parts + part]
        }
        return best.index
    }
}
