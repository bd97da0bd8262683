// M stored patches, D feature width, N patches of a picture.

/// Patch features of the good parts: one block of rows for each shot.
///
/// Each shot is thinned out by itself, with an equal share of the budget. A selection over all shots together would
/// cover them a little better; but then leaving a shot out would also take away the patches that stood for its
/// neighbours in other shots, and the scores that calibration needs would come out too high. With blocks, "the memory
/// without shot i" is exact and costs nothing.
///
/// - SeeAlso: Roth et al., section 3.2 ("M" there).
package struct MemoryBank: Sendable, Equatable {
    /// `[M, D]`, rows of Euclidean norm 1.
    package let rows: Matrix
    /// The rows of each shot.
    package let blocks: [Range<Int>]
    /// Where the rows come from; nil when nobody noted it.
    package let places: PatchPlaces?

    init(rows: Matrix, blocks: [Range<Int>], places: PatchPlaces? = nil) {
        precondition(places.map { $0.count == rows.rows } ?? true, "memory bank: not one place a row")
        self.rows = rows
        self.blocks = blocks
        self.places = places
    }

    package init(blocks: [Matrix], places: PatchPlaces? = nil) {
        precondition(!blocks.isEmpty, "memory bank: no shot")
        var ranges: [Range<Int>] = []
        for block in blocks {
            let first = ranges.last?.upperBound ?? 0
            ranges.append(first..<first + block.rows)
        }
        self.init(rows: Matrix(joiningRows: blocks), blocks: ranges, places: places)
    }

    /// The memory that looks at some shots only; it shares the rows.
    ///
    /// - Precondition: a shot is left.
    package func keeping(_ isKept: (_ shot: Int) -> Bool) -> MemoryBank {
        let kept = blocks.indices.filter(isKept).map { blocks[$0] }
        precondition(!kept.isEmpty, "memory bank: no shot left")
        return MemoryBank(rows: rows, blocks: kept, places: places)
    }

    /// Distance from each query patch to its nearest neighbour among the good patches.
    ///
    /// - Parameter queries: `[N, D]`, rows of norm 1.
    /// - Returns: `[N]`, cosine distance in `0 ... 2`; 0 means "seen in a shot".
    /// - Complexity: one GEMM, O(N M D).
    package func nearestDistances(to queries: Matrix, _ parallelism: Parallelism = .serial) -> [Float] {
        largestProducts(of: queries, with: rows, in: blocks, parallelism).map { min(max(1 - $0, 0), 2) }
    }
}
