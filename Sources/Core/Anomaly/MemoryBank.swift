// M stored patches, D feature width, N patches of a picture.

/// Patch features of the good parts: one block of rows for each shot.
///
/// Each shot is thinned out by itself, with an equal share of the budget. A selection over all shots together would
/// cover them a little better; but then leaving a shot out would also take away the patches that stood for its
/// neighbours in other shots, and the scores that calibration needs would come out too high. With blocks, "the memory
/// without shot i" is exact and costs nothing.
///
/// - SeeAlso: Roth et al., section 3.2 ("M" there).
public struct MemoryBank: Sendable, Equatable {
    /// `[M, D]`, rows of Euclidean norm 1.
    public let rows: Matrix
    /// The rows of each shot.
    package let blocks: [Range<Int>]

    init(rows: Matrix, blocks: [Range<Int>]) {
        self.rows = rows
        self.blocks = blocks
    }

    package init(blocks: [Matrix]) {
        precondition(!blocks.isEmpty, "memory bank: no shot")
        var ranges: [Range<Int>] = []
        var values: [Float] = []
        for block in blocks {
            let first = ranges.last?.upperBound ?? 0
            ranges.append(first..<first + block.rows)
            values += block.values
        }
        let rows = Matrix(rows: values.count / blocks[0].columns, columns: blocks[0].columns, values: values)
        self.init(rows: rows, blocks: ranges)
    }

    /// Distance from each query patch to its nearest neighbour among the good patches.
    ///
    /// - Parameters:
    ///   - queries: `[N, D]`, rows of norm 1.
    ///   - shot: the shot whose patches are not to be looked at, if any.
    /// - Returns: `[N]`, cosine distance in `0 ... 2`; 0 means "seen in a shot".
    /// - Precondition: another shot is left.
    /// - Complexity: one GEMM, O(N M D).
    package func nearestDistances(
        to queries: Matrix, leavingOut shot: Int? = nil, _ parallelism: Parallelism = .serial
    ) -> [Float] {
        let ranges = blocks.indices.filter { $0 != shot }.map { blocks[$0] }
        precondition(!ranges.isEmpty, "memory bank: no shot left")
        return largestProducts(of: queries, with: rows, in: ranges, parallelism).map { min(max(1 - $0, 0), 2) }
    }
}
