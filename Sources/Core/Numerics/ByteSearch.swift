internal import CKernels

// N queries, M stored rows, D feature width, R axes.

/// A fast search for the stored row that is most similar to a query.
package protocol RowSearch: Sendable {
    /// For every query, the largest product with a stored row, or nearly so: never more.
    ///
    /// - Parameters:
    ///   - queries: `[N, D]`.
    ///   - stored: `[M, D]`, that it was made from.
    ///   - ranges: rows of `stored` to look at, at least one.
    /// - Returns: `[N]`.
    func largestProducts(
        of queries: Matrix, with stored: Matrix, in ranges: [Range<Int>], _ parallelism: Parallelism
    ) -> [Float]
}

/// The search in products of bytes: faster than ``ProjectedSearch``, and it misses less.
///
/// Rows and queries are compared by their distance along a few principal axes, which is never larger than the true one and most of
/// it. So the candidates, of which the products are computed in full, can be few. A miss can only make a patch look more unusual
/// (docs/performance.md has how seldom it is).
package struct ByteSearch: RowSearch {
    /// So that what is known of them stays in the second-level cache.
    private static let queriesAtATime = 48
    /// Below this many rows or columns the full search is as fast.
    private static let smallestMemory = (rows: 1024, columns: 32)
    private static let mostAxes = 44

    /// `[R, D]`, orthonormal.
    private let axes: Matrix
    /// What is added to a query along the axes: less the rows' mean, and then the query's last four numbers.
    private let origin: [Float]
    private let panels: Storage
    /// Which row is where, in panels of 32. Neighbours in a picture would compete for one place if it were their order.
    private let order: [UInt32]
    /// Of all rows.
    private let keys: [Int32]
    private let scale: Float
    private let radius: Float
    private let path: IntegerPath

    /// Nil when the memory is too small to be worth it, or holds what is no number.
    ///
    /// - Parameter stored: `[M, D]`, rows no longer than 1.
    package init?(_ stored: Matrix, path: IntegerPath = .best) {
        guard stored.rows >= Self.smallestMemory.rows, stored.columns >= Self.smallestMemory.columns else { return nil }
        self.path = path
        let mean = stored.meanRow
        let count = min(Self.mostAxes, stored.columns / FSAC_QUAD * FSAC_QUAD)
        axes = stored.principalAxes(count, iterations: 4, less: mean)
        let middle = Matrix(rows: 1, columns: mean.count, values: mean).multiplied(byTransposed: axes)
        var along = stored.multiplied(byTransposed: axes)
        along.subtractFromRows(middle.values)
        let squares = along.rowProducts(along)
        guard squares.reduce(0, +).isFinite else { return nil }
        let radius = max(squares.max() ?? 0, 1e-24).squareRoot()
        let scale = 127 / max(along.values.reduce(0) { max($0, abs($1)) }, 1e-12)
        // Four bytes hold what the longest row has to be less similar by.
        let unit = scale * radius * radius / 2 / Float(FSAC_QUAD * 127)
        (self.radius, self.scale) = (radius, scale)
        origin = middle.values.map { -$0 } + [Float](repeating: unit, count: FSAC_QUAD)
        var random = SplitMix64(seed: 0)
        order = (0..<UInt32(stored.rows)).shuffled(using: &random)
        let weights = order.map { row in
            Self.bytes(along.row(Int(row)), scale: scale, offset: squares[Int(row)] / 2 * scale / unit)
        }
        panels = IntegerLinear.panels(of: weights, inputs: count + FSAC_QUAD)
        keys = (0..<IntegerLinear.panelCount(stored.rows) * Linear.panelWidth).map { place in
            Self.key(place, offset: place < weights.count ? -128 * weights[place].reduce(0) { $0 + Int($1) } : nil)
        }
    }

    /// A row in bytes, and then four whose sum is what it has to be less similar by.
    private static func bytes(_ along: ArraySlice<Float>, scale: Float, offset: Float) -> [Int8] {
        var bytes = along.map { Int8(min(max(($0 * scale).rounded(), -127), 127)) }
        var left = min(Int(offset.rounded()), FSAC_QUAD * 127)
        for share in (1...FSAC_QUAD).reversed() {
            bytes.append(Int8(-left / share))
            left -= left / share
        }
        return bytes
    }

    /// - Parameter offset: nil hides what is there.
    private static func key(_ place: Int, offset: Int?) -> Int32 {
        Int32((offset ?? FSAC_HIDDEN_ROW) * FSAC_SEGMENT + place / Linear.panelWidth % FSAC_SEGMENT)
    }

    /// Those of the rows in `ranges`; the others are hidden.
    private func keys(_ ranges: [Range<Int>]) -> [Int32] {
        guard ranges.reduce(0, { $0 + $1.count }) < order.count else { return keys }
        var isSeen = [Bool](repeating: false, count: order.count)
        for range in ranges { for row in range { isSeen[row] = true } }
        var keys = keys
        for (place, row) in order.enumerated() where !isSeen[Int(row)] { keys[place] = Self.key(place, offset: nil) }
        return keys
    }

    /// - Complexity: O(N (D R + M R / 4)), and a dozen products in full a query at most.
    package func largestProducts(
        of queries: Matrix, with stored: Matrix, in ranges: [Range<Int>], _ parallelism: Parallelism
    ) -> [Float] {
        precondition(stored.rows == order.count, "byte search: \(stored.rows) rows of \(order.count)")
        precondition(
            queries.columns == axes.columns && stored.columns == axes.columns, "byte search: width \(queries.columns)")
        precondition(ranges.contains { !$0.isEmpty }, "byte search: no row to look at")
        let keys = keys(ranges)
        var largest = [Float](repeating: 0, count: queries.rows)
        largest.withUnsafeMutableBufferPointer { largest in
            queries.values.withUnsafeBufferPointer { queries in
                stored.values.withUnsafeBufferPointer { stored in
                    keys.withUnsafeBufferPointer { keys in
                        order.withUnsafeBufferPointer { order in
                            guard let found = largest.baseAddress, let queries = queries.baseAddress else { return }
                            let rows = searchedRows(stored.baseAddress, keys.baseAddress, order.baseAddress)
                            parallelism.forEachRange(of: largest.count, grain: 16) { _, range in
                                search(rows, queries, range, into: found)
                            }
                        }
                    }
                }
            }
        }
        return largest
    }

    private func searchedRows(
        _ stored: UnsafePointer<Float>?, _ keys: UnsafePointer<Int32>?, _ order: UnsafePointer<UInt32>?
    ) -> fsac_searched_rows {
        fsac_searched_rows(
            panels: UnsafeRawPointer(panels.base).assumingMemoryBound(to: Int8.self), keys: keys, order: order,
            inputs: origin.count, panel_count: self.keys.count / Linear.panelWidth, scale: scale, radius: radius,
            stored: stored, width: axes.columns)
    }

    private func search(
        _ rows: fsac_searched_rows, _ queries: UnsafePointer<Float>, _ range: Range<Int>,
        into largest: UnsafeMutablePointer<Float>
    ) {
        var rows = rows
        let (inputs, width) = (origin.count, axes.columns)
        let along = Storage(count: Self.queriesAtATime * inputs)
        let scratch = Storage(
            count: fsac_search_scratch(&rows, Self.queriesAtATime) / MemoryLayout<Float>.stride + 1)
        axes.values.withUnsafeBufferPointer { axes in
            guard let axes = axes.baseAddress else { return }
            for first in stride(from: range.lowerBound, to: range.upperBound, by: Self.queriesAtATime) {
                let count = min(Self.queriesAtATime, range.upperBound - first)
                for query in 0..<count { (along.base + query * inputs).update(from: origin, count: inputs) }
                gemm(
                    count, inputs - FSAC_QUAD, width, queries + first * width, width, axes, width, transposeB: true,
                    beta: 1, into: along.base, inputs)
                fsac_search(
                    path.kernel, &rows, queries + first * width, along.base, count, scratch.base, largest + first)
            }
        }
    }
}

extension Matrix {
    /// `[D]`.
    fileprivate var meanRow: [Float] {
        let ones = Matrix(rows: 1, columns: rows, values: [Float](repeating: 1 / Float(rows), count: rows))
        return ones.multiplied(by: self).values
    }

    fileprivate mutating func subtractFromRows(_ row: [Float]) {
        values.withUnsafeMutableBufferPointer { values in
            for index in values.indices { values[index] -= row[index % row.count] }
        }
    }
}
