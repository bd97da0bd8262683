/// The distance of each patch to the most similar patch of the good parts.
public struct PatchMemory: Scorer {
    public let bank: MemoryBank
    public let aggregation: MethodSettings.Aggregation

    public var featureWidth: Int { bank.rows.columns }

    /// - Complexity: one GEMM of the picture's patches with the memory.
    public func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        let distances = bank.nearestDistances(to: mask.rows(of: features.rows), parallelism)
        return ScoreMap(
            grid: features.grid, values: mask.scattered(distances), imageScore: aggregation.score(of: distances))
    }
}

/// Collects each shot's patches, thinned out to its share of the budget.
struct PatchMemoryFit: ScorerFit {
    private let settings: MethodSettings
    private let shotCount: Int
    private var blocks: [Matrix] = []

    init(_ settings: MethodSettings, shotCount: Int) {
        self.settings = settings
        self.shotCount = shotCount
    }

    mutating func add(_ shot: ShotFeatures) {
        let all = Matrix(joiningRows: ([shot.own] + shot.turned).map { $0.mask.rows(of: $0.features.rows) })
        guard settings.coresetBudget > 0 else { return blocks.append(all) }
        let share = max(settings.coresetBudget / shotCount, 1)
        blocks.append(all.rows(farthestPointsFirst(all, count: share)))
    }

    func scorer(leavingOut shots: Set<Int>) -> any Scorer {
        let bank = MemoryBank(blocks: blocks)
        return PatchMemory(
            bank: shots.isEmpty ? bank : bank.keeping { !shots.contains($0) }, aggregation: settings.aggregation)
    }

    func pairScores(_ views: [ShotFeatures.View], _ parallelism: Parallelism) -> [[Float]]? {
        let bank = MemoryBank(blocks: blocks)
        let scorers = blocks.indices.map { only in
            PatchMemory(bank: bank.keeping { $0 == only }, aggregation: settings.aggregation)
        }
        return views.enumerated().map { shot, view in
            scorers.enumerated().map { other, scorer in
                shot == other ? 0 : scorer.score(view.features, counting: view.mask, parallelism).imageScore
            }
        }
    }
}

extension PatchMemory {
    private static let tensorName = "memory"

    public struct Header: Codable, Sendable, Equatable {
        public let aggregation: MethodSettings.Aggregation
        /// Rows of the memory that belong to each shot.
        public let shotPatches: [Int]

        enum CodingKeys: String, CodingKey {
            case aggregation
            case shotPatches = "shot_patches"
        }
    }

    public var stored: StoredScorer {
        StoredScorer(
            header: ScorerHeader(
                patchMemory: Header(aggregation: aggregation, shotPatches: bank.blocks.map(\.count))),
            tensors: [Self.tensorName: Tensor(bank.rows)])
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedPart) {
        // The bounds keep sums of these numbers far from overflow.
        if let count = header.shotPatches.first(where: { !(1...(1 << 30)).contains($0) }) {
            throw DamagedPart(part: "shot_patches", expected: "what a fit writes", got: "\(count)")
        }
        guard (1...(1 << 20)).contains(header.shotPatches.count) else {
            throw DamagedPart(part: "shot_patches", expected: "one number a shot", got: "\(header.shotPatches.count)")
        }
        let rows = try tensors.matrix(Self.tensorName, rows: header.shotPatches.reduce(0, +))
        var blocks: [Range<Int>] = []
        for count in header.shotPatches {
            let first = blocks.last?.upperBound ?? 0
            blocks.append(first..<first + count)
        }
        self.init(bank: MemoryBank(rows: rows, blocks: blocks), aggregation: header.aggregation)
    }
}
