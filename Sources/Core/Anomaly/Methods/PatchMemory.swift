internal import Glibc

// N patches that count, M stored patches, D feature width.

/// The distance of each patch to the most similar patch of the good parts (PatchCore, AnomalyDINO).
package struct PatchMemory: Scorer {
    package let bank: MemoryBank
    package let aggregation: Aggregation
    /// What of a picture is the part; nil when everything counts.
    package let foreground: FeatureForeground?
    /// Which search a large memory is looked through with.
    let way: MemorySearch
    private let search: (any RowSearch)?

    /// - Parameter isFast: whether to prepare a search of the nearest row, which takes a while.
    package init(
        bank: MemoryBank, aggregation: Aggregation, foreground: FeatureForeground? = nil, way: MemorySearch = .bytes,
        isFast: Bool = false
    ) {
        self.init(
            bank: bank, aggregation: aggregation, foreground: foreground, way: way,
            search: isFast ? way.search(of: bank.rows) : nil)
    }

    /// - Parameter search: of the bank's rows, all of them; nil compares with each.
    init(
        bank: MemoryBank, aggregation: Aggregation, foreground: FeatureForeground? = nil, way: MemorySearch = .bytes,
        search: (any RowSearch)?
    ) {
        self.bank = bank
        self.aggregation = aggregation
        self.foreground = foreground
        self.way = way
        self.search = search
    }

    package var featureWidth: Int { bank.rows.columns }

    /// - Returns: cosine distances, 0 ... 2; Euclidean ones of the unit vectors with PatchCore's weighting. Where the part is
    ///   missing, everything is as far as can be: the memory has patches around the part, which show only the background.
    /// - Complexity: one GEMM of the picture's patches with the memory.
    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        guard let mask = foreground.map({ $0.mask(of: features, counting: mask) }) ?? mask else {
            let farthest = [Float](repeating: 2, count: mask.patches.count)
            return ScoreMap(grid: features.grid, values: mask.scattered(farthest), imageScore: 2)
        }
        let rows = mask.rows(of: features.rows)
        let products =
            search?.largestProducts(of: rows, with: bank.rows, in: bank.blocks, parallelism)
            ?? largestProducts(of: rows, with: bank.rows, in: bank.blocks, parallelism)
        let distances = products.map { min(max(1 - $0, 0), 2) }
        guard aggregation == .patchCore else {
            return ScoreMap(
                grid: features.grid, values: mask.scattered(distances), imageScore: aggregation.score(of: distances))
        }
        let euclidean = distances.map { (2 * $0).squareRoot() }
        return ScoreMap(
            grid: features.grid, values: mask.scattered(euclidean), imageScore: reweightedMaximum(euclidean, rows))
    }

    /// The largest distance, made smaller where the memory is sparse anyway: weighted with 1 less the softmax over the distances
    /// to the patches around the nearest stored one (Roth et al., eq. 7; 9 of them, the nearest itself included, as in the
    /// authors' experiments).
    private func reweightedMaximum(_ distances: [Float], _ rows: Matrix) -> Float {
        guard let largest = distances.max(), let patch = distances.firstIndex(of: largest) else { return 0 }
        let stored = bank.blocks.flatMap { Array($0) }
        let toStored = products(of: rows.row(patch))
        guard stored.count > 1, let nearest = stored.max(by: { toStored[$0] < toStored[$1] }) else { return largest }
        let toNearest = products(of: bank.rows.row(nearest))
        let around = stored.sorted { (toNearest[$0], $1) > (toNearest[$1], $0) }.prefix(9)
        let total = around.reduce(Float(0)) { sum, row in
            sum + expf((2 * max(1 - toStored[row], 0)).squareRoot())
        }
        return largest * (1 - expf(largest) / total)
    }

    /// With every stored row.
    private func products(of row: ArraySlice<Float>) -> [Float] {
        Matrix(rows: 1, columns: row.count, values: Array(row)).multiplied(byTransposed: bank.rows).values
    }
}

/// How the nearest row of a large memory is found. What one of them misses another may find, so a model goes on as it was fitted.
package enum MemorySearch: String, Codable, Sendable {
    /// ``ProjectedSearch``: of models that do not say.
    case projected
    /// ``ByteSearch``.
    case bytes

    /// Nil when the full search is as fast.
    func search(of rows: Matrix) -> (any RowSearch)? {
        switch self {
        case .projected: ProjectedSearch(rows)
        case .bytes: ByteSearch(rows)
        }
    }
}

/// How a memory is made of the shots, and asked.
package struct PatchMemorySettings: Sendable, Equatable {
    /// Patches that it keeps, at most; shared equally between the shots. 0 keeps every patch.
    package var coresetBudget = 4096
    package var aggregation = Aggregation.topPercent
    /// Whether only patches of the part are remembered and judged, told from the background by ``FeatureForeground``.
    package var foreground = false

    package init() {}

    /// The memory while it grows.
    func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int {
        2 * shape.bytes(ofRows: shape.memoryRows(count, budget: coresetBudget))
    }
}

/// Collects each shot's patches, thinned out to its share of the budget.
package struct PatchMemoryFit: ScorerFit {
    private let settings: PatchMemorySettings
    private let shotCount: Int
    /// Told from the first shot.
    private var foreground: FeatureForeground?
    /// Patches of the part in the shot that has the fewest.
    private var smallestPart = Int.max
    /// One block of rows a shot, of `width` each.
    private var rows: [Float] = []
    private var width = 0
    private var blocks: [Range<Int>] = []
    private var places = PatchPlaces()

    package init(_ settings: PatchMemorySettings, shotCount: Int) {
        self.settings = settings
        self.shotCount = shotCount
    }

    package mutating func add(_ shot: ShotFeatures) {
        if settings.foreground, blocks.isEmpty {
            foreground = FeatureForeground(shot.own.features, counting: shot.own.mask)
        }
        if let part = foreground?.mask(of: shot.own.features, counting: shot.own.mask) {
            smallestPart = min(smallestPart, part.patches.count)
        }
        var candidates = PatchPlaces()
        let all = Matrix(
            joiningRows: ([shot.own] + shot.turned).map { view in
                let mask = foreground?.mask(of: view.features, counting: view.mask) ?? view.mask
                for patch in mask.patches {
                    candidates.append(PatchPlace(.shot(shot.number), patch, of: mask.grid, at: view.placement))
                }
                return mask.rows(of: view.features.rows)
            })
        guard settings.coresetBudget > 0 else { return append(all, candidates) }
        let kept = farthestPointsFirst(all, count: max(settings.coresetBudget / shotCount, 1))
        append(all.rows(kept), candidates.rows(kept))
    }

    private mutating func append(_ block: Matrix, _ origins: PatchPlaces) {
        let first = blocks.last?.upperBound ?? 0
        if blocks.isEmpty {
            width = block.columns
            rows.reserveCapacity(shotCount * block.values.count)
        }
        rows += block.values
        places += origins
        blocks.append(first..<first + block.rows)
    }

    /// Of all shots. It shares the rows, so that a memory of all but one costs nothing.
    private var bank: MemoryBank {
        MemoryBank(
            rows: Matrix(rows: blocks.last?.upperBound ?? 0, columns: width, values: rows), blocks: blocks,
            places: places)
    }

    package func scorer(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        memory(leavingOut: left, isFast: left.isEmpty)
    }

    /// - Parameter isFast: whether many pictures will be judged, so that preparing a fast search is worth while.
    func memory(leavingOut left: Set<Int>, isFast: Bool) -> PatchMemory {
        PatchMemory(
            bank: left.isEmpty ? bank : bank.keeping { !left.contains($0) }, aggregation: settings.aggregation,
            foreground: knownForeground, isFast: isFast)
    }

    package var looks: (own: Int, copies: Int) { (1, 0) }

    package func pairScores(
        _ shots: ShotSource, _ parallelism: Parallelism
    ) throws(FitError) -> [[Float]]? {
        let bank = bank
        let scorers = blocks.indices.map { only in
            PatchMemory(
                bank: bank.keeping { $0 == only }, aggregation: settings.aggregation, foreground: knownForeground)
        }
        return try shots.map { shot, view throws(FitError) in
            scorers.enumerated().map { other, scorer in
                shot == other ? 0 : scorer.score(view.features, counting: view.mask, parallelism).imageScore
            }
        }
    }

    /// With the size of the part, which all shots tell.
    private var knownForeground: FeatureForeground? {
        // A part that is half hidden is still one.
        var foreground = foreground
        foreground?.smallestPart = max(smallestPart / 2, 1)
        return foreground
    }
}

extension PatchMemory {
    static let memoryName = "memory"
    private static let foregroundName = "foreground"

    package struct Header: ScorerHeader {
        package static let kind = "patch_memory"
        package let aggregation: Aggregation
        /// Rows of the memory that belong to each shot.
        package let shotPatches: [Int]
        /// Nil when everything counts.
        package let foreground: Foreground?
        /// Nil = ``MemorySearch/projected``.
        package let search: MemorySearch?

        package struct Foreground: Codable, Sendable, Equatable {
            /// Of the first principal component.
            package let threshold: Float
            /// In patches.
            package let smallestPart: Int

            enum CodingKeys: String, CodingKey {
                case threshold
                case smallestPart = "smallest_part"
            }
        }

        enum CodingKeys: String, CodingKey {
            case aggregation, foreground, search
            case shotPatches = "shot_patches"
        }

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try PatchMemory(self, tensors)
        }
    }

    var header: Header {
        Header(
            aggregation: aggregation, shotPatches: bank.blocks.map(\.count),
            foreground: foreground.map { .init(threshold: $0.threshold, smallestPart: $0.smallestPart) },
            search: way == .projected ? nil : way)
    }

    package var stored: StoredScorer {
        var tensors = bank.tensors(Self.memoryName)
        if let foreground { tensors[Self.foregroundName] = Tensor(foreground.axis) }
        return StoredScorer(header: header, tensors: tensors)
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        let bank = try MemoryBank(blocks: header.shotPatches, of: Self.memoryName, tensors)
        var foreground: FeatureForeground?
        if let saved = header.foreground {
            guard (1...(1 << 24)).contains(saved.smallestPart) else {
                throw DamagedSection(section: "smallest_part", expected: "1 or more", got: "\(saved.smallestPart)")
            }
            let axis = try tensors.matrix(Self.foregroundName, rows: 2, columns: bank.rows.columns)
            foreground = FeatureForeground(axis: axis, threshold: saved.threshold)
            foreground?.smallestPart = saved.smallestPart
        }
        self.init(
            bank: bank, aggregation: header.aggregation, foreground: foreground, way: header.search ?? .projected,
            isFast: true)
    }
}
