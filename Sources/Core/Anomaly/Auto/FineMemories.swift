// T tokens of a view, D feature width of a stage, M remembered rows.

/// The memories of one fine view, one a stage, while shots are added.
///
/// Of all tokens of all shots and their copies each has the same chance to be remembered, whatever shot it is of: a memory without
/// a shot is then as dense as the whole one, and what it says of that shot holds for the next part. (The square input's memories are
/// thinned shot by shot, with the same effect.)
struct FineMemories {
    /// Of any row that is remembered, the number that lot gave it, at most; nil is all.
    private let highest: UInt64?
    /// Rows that there will be, at most: lists that grow by doubling would take twice as much.
    private let mostRows: Int
    /// The next token's number.
    private var lot = SplitMix64(seed: 0)
    /// For each stage `[M, D]`.
    private var rows: [[Float]] = []
    private var widths: [Int] = []
    /// Of each shot.
    private var blocks: [Range<Int>] = []
    private var places = PatchPlaces()
    private var searches: [(any RowSearch)?] = []

    /// - Parameters:
    ///   - tokens: of all shots and copies that will be added, T each.
    ///   - budget: rows that each memory keeps; 0 keeps all.
    init(tokens: Int, budget: Int) {
        guard budget > 0, tokens > budget else {
            (highest, mostRows) = (nil, tokens)
            return
        }
        mostRows = budget
        var lot = SplitMix64(seed: 0)
        highest = (0..<tokens).map { _ in lot.next() }.sorted()[budget - 1]
    }

    var isEmpty: Bool { (blocks.last?.upperBound ?? 0) == 0 }

    /// - Parameters:
    ///   - views: of one shot: itself, and its copies.
    ///   - shot: its number among the model's.
    mutating func add(_ views: [FinePatches], of shot: Int) {
        if rows.isEmpty, let first = views.first {
            rows = first.stages.map { stage in
                var rows: [Float] = []
                rows.reserveCapacity(mostRows * stage.columns)
                return rows
            }
            widths = first.stages.map(\.columns)
        }
        let first = blocks.last?.upperBound ?? 0
        var count = 0
        for view in views {
            let drawn = Set((0..<view.grid.count).filter { _ in lot.next() <= highest ?? .max })
            var kept = view.mask.patches.filter(drawn.contains)
            // A shot is never forgotten, however small the budget.
            if kept.isEmpty, count == 0 { kept = Array(view.mask.patches.prefix(1)) }
            for stage in rows.indices {
                for token in kept { rows[stage] += view.stages[stage].row(token) }
            }
            for token in kept { places.append(PatchPlace(.shot(shot), token, of: view.grid, at: view.placement)) }
            count += kept.count
        }
        blocks.append(first..<first + count)
    }

    /// Once, after the last shot.
    mutating func prepareSearch() {
        searches = rows.indices.map { MemorySearch.bytes.search(of: matrix(of: $0)) }
    }

    /// One a stage; they share the rows.
    ///
    /// - Precondition: a row is left.
    func memories(leavingOut left: Set<Int>) -> [PatchMemory] {
        rows.indices.map { stage in
            // A shot has none where the part was not found in it.
            let others = blocks.indices.filter { !left.contains($0) && !blocks[$0].isEmpty }
            return PatchMemory(
                bank: MemoryBank(rows: matrix(of: stage), blocks: others.map { blocks[$0] }, places: places),
                aggregation: .topPercent, search: searches.isEmpty ? nil : searches[stage])
        }
    }

    private func matrix(of stage: Int) -> Matrix {
        Matrix(rows: rows[stage].count / max(widths[stage], 1), columns: widths[stage], values: rows[stage])
    }
}
