internal import CKernels

// N queries, M stored rows, D feature width, R axes.

/// The search in single precision, of models that were fitted before there was ``ByteSearch``: their scores stay what they are.
///
/// Most of a product of two features lies in a few principal axes of the stored rows. So rows are compared along these axes
/// first; the best of each run of `tile` rows is a candidate, and the products with the candidates are computed in full. A miss can only make
/// a patch look more unusual.
package struct ProjectedSearch: RowSearch {
    private static let tile = 256
    private static let queriesAtATime = 128
    /// Below this many rows the full search is as fast.
    private static let smallestMemory = 1024
    private static let axisCount = 64

    /// `[R, D]`, orthonormal.
    private let axes: Matrix
    /// `[M, R]`: the stored rows along the axes.
    private let projected: Matrix

    /// Nil when the memory is too small to be worth it.
    package init?(_ stored: Matrix) {
        guard stored.rows >= Self.smallestMemory, stored.columns >= 2 * Self.axisCount else { return nil }
        axes = stored.principalAxes(Self.axisCount, iterations: 4)
        projected = stored.multiplied(byTransposed: axes)
    }

    /// - Complexity: O(N (D R + M R + M / tile D)).
    package func largestProducts(
        of queries: Matrix, with stored: Matrix, in ranges: [Range<Int>], _ parallelism: Parallelism
    ) -> [Float] {
        precondition(stored.rows == projected.rows, "projected search: \(stored.rows) rows of \(projected.rows)")
        precondition(queries.columns == stored.columns, "projected search: width \(queries.columns)")
        let along = queries.multiplied(byTransposed: axes, parallelism: parallelism)
        let tiles = Self.tiles(of: ranges)
        var best = [Float](repeating: 0, count: queries.rows)
        best.withUnsafeMutableBufferPointer { best in
            queries.values.withUnsafeBufferPointer { queryValues in
                stored.values.withUnsafeBufferPointer { storedValues in
                    guard let best = best.baseAddress, let q = queryValues.baseAddress, let s = storedValues.baseAddress
                    else { return }
                    parallelism.forEachRange(of: queries.rows, grain: 16) { _, rows in
                        forEachCandidates(of: along, rows, among: tiles) { query, candidates in
                            best[query] = fsac_largest_product(
                                q + query * queries.columns, s, stored.columns, candidates, tiles.count)
                        }
                    }
                }
            }
        }
        return best
    }

    /// Rows that are looked at together; neighbouring ranges are one.
    private static func tiles(of ranges: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for range in ranges where !range.isEmpty {
            if let last = joined.last, last.upperBound == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<range.upperBound
            } else {
                joined.append(range)
            }
        }
        return joined.flatMap { range in
            stride(from: range.lowerBound, to: range.upperBound, by: tile).map {
                $0..<min($0 + tile, range.upperBound)
            }
        }
    }

    /// Calls `body` with the best row of each tile for each query in `rows`.
    private func forEachCandidates(
        of along: Matrix, _ rows: Range<Int>, among tiles: [Range<Int>],
        _ body: (Int, UnsafePointer<UInt32>) -> Void
    ) {
        let products = Storage(count: Self.queriesAtATime * Self.tile)
        var candidates = [UInt32](repeating: 0, count: Self.queriesAtATime * tiles.count)
        let width = axes.rows
        along.values.withUnsafeBufferPointer { alongValues in
            projected.values.withUnsafeBufferPointer { projectedValues in
                candidates.withUnsafeMutableBufferPointer { candidates in
                    guard let a = alongValues.baseAddress, let p = projectedValues.baseAddress,
                        let c = candidates.baseAddress
                    else { return }
                    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.queriesAtATime) {
                        let count = min(Self.queriesAtATime, rows.upperBound - row)
                        for (number, tile) in tiles.enumerated() {
                            let (first, columns) = (tile.lowerBound, tile.count)
                            gemm(
                                count, columns, width, a + row * width, width, p + first * width, width,
                                transposeB: true, into: products.base, columns)
                            fsac_row_argmax(products.base, count, columns, UInt32(first), c + number, tiles.count)
                        }
                        for query in 0..<count { body(row + query, c + query * tiles.count) }
                    }
                }
            }
        }
    }
}
