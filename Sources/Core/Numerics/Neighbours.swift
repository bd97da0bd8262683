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
    let tile = (rows: 128, columns: max(1, min(512, ranges.map(\.count).max() ?? 0)))
    let scratch = (0..<parallelism.threads).map { _ in Storage(count: tile.rows * tile.columns) }
    var best = [Float](repeating: -.infinity, count: queries.rows)
    best.withUnsafeMutableBufferPointer { best in
        queries.values.withUnsafeBufferPointer { queryValues in
            stored.values.withUnsafeBufferPointer { storedValues in
                guard let best = best.baseAddress, let q = queryValues.baseAddress, let s = storedValues.baseAddress
                else { return }
                parallelism.forEachRange(of: queries.rows, grain: 16) { share, rows in
                    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: tile.rows) {
                        let count = min(tile.rows, rows.upperBound - row)
                        for range in ranges {
                            for first in stride(from: range.lowerBound, to: range.upperBound, by: tile.columns) {
                                let columns = min(tile.columns, range.upperBound - first)
                                gemm(
                                    count, columns, width, q + row * width, width, s + first * width, width,
                                    transposeB: true, into: scratch[share].base, columns)
                                fsac_row_max(scratch[share].base, count, columns, best + row)
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
/// - Complexity: O(count N D) at worst; where rows form clusters most distances are ruled out without computing them.
package func farthestPointsFirst(_ points: Matrix, count: Int) -> [Int] {
    guard count < points.rows else { return Array(0..<points.rows) }
    guard count > 0 else { return [] }
    var taken = [Int](repeating: 0, count: count)
    var squared = [Float](repeating: 0, count: points.rows)
    var nearest = [UInt32](repeating: 0, count: points.rows)
    var quarter = [Float](repeating: 0, count: count)
    fsac_farthest_first(points.values, points.rows, points.columns, count, &taken, &squared, &nearest, &quarter)
    return taken
}
