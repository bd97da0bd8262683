// N patches of the grid, D feature width.

/// Nearest pictures, then nearest patches.
package struct SPADEMethod: Method {
    package var localAveraging = false
    /// How many of the nearest shots count.
    package var neighbours = 50

    package init() {}

    package static let about = MethodDescription(
        name: "spade", summary: "distance to the whole of the nearest shots, then to their patches",
        reference: "Cohen and Hoshen 2020, <https://arxiv.org/abs/2005.02357>")
    package static let headers: [any ScorerHeader.Type] = [SPADE.Header.self]
    package static let options: [MethodOption<Self>] = [
        .localAveraging(\.localAveraging),
        .number(
            "neighbours", \.neighbours, in: 1...1000, unit: "shots", help: "how many of the nearest shots count"),
    ]

    /// The half turn gives the map its scale.
    package func plan(shotCount: Int) -> FitPlan { FitPlan(rotations: 2) }
    package func fit(_ setup: FitSetup) -> any ScorerFit { SPADEFit(self) }
}

/// Pictures that look alike, then patches that look alike (Cohen and Hoshen 2020): the nearest shots of a picture by their
/// whole, and for each patch the nearest one of their patches.
///
/// The picture's score is the mean distance of its whole to the nearest shots (the paper's first stage, K = 50): with few shots,
/// to all of them. A whole is the mean of the patch features, normalised: the paper pools the last layer, so ask for that
/// layer to have the same. Patches are not thinned out, and the nearest one counts (κ = 1).
///
/// A mean over patches differs less between pictures than patches do. So that map and limit have one unit, the patches'
/// distances are scaled; the scale is what a half turn of the shots makes of both.
package struct SPADE: Scorer {
    /// Every patch of the shots, one block of rows a shot.
    let gallery: MemoryBank
    /// `[shots, D]`: the whole of each.
    let wholes: Matrix
    /// How many of the nearest shots count.
    package let neighbours: Int
    /// What a patch's distance is multiplied with.
    package let patchScale: Float

    package var featureWidth: Int { wholes.columns }

    /// - Returns: cosine distances in the unit of the picture's.
    /// - Complexity: one GEMM of the picture's patches with those of the nearest shots.
    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        let rows = mask.rows(of: features.rows)
        let distances = Matrix(rows: 1, columns: featureWidth, values: Self.whole(of: rows))
            .multiplied(byTransposed: wholes).values.map(Self.distance)
        let nearest = distances.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(neighbours)
        let patches = largestProducts(
            of: rows, with: gallery.rows, in: nearest.sorted().map { gallery.blocks[$0] }, parallelism)
        return ScoreMap(
            grid: features.grid, values: mask.scattered(patches.map { Self.distance($0) * patchScale }),
            imageScore: nearest.reduce(0) { $0 + distances[$1] } / Float(nearest.count))
    }

    /// The mean of the rows, normalised.
    static func whole(of rows: Matrix) -> [Float] {
        var sum = Matrix(rows: 1, columns: rows.columns)
        for row in 0..<rows.rows { for c in 0..<rows.columns { sum.values[c] += rows[row, c] } }
        sum.normalizeRows()
        return sum.values
    }

    static func distance(_ product: Float) -> Float { min(max(1 - product, 0), 2) }
}

/// Collects the shots' patches.
package struct SPADEFit: ScorerFit {
    private struct Shot {
        let patches: Matrix
        let whole: [Float]
        /// What a half turn makes of the whole, and of the patch that it changes most.
        let turned: (whole: Float, patch: Float)
    }

    private let neighbours: Int
    private var shots: [Shot] = []

    package init(_ settings: SPADEMethod) { neighbours = settings.neighbours }

    package mutating func add(_ shot: ShotFeatures) {
        let patches = shot.own.mask.rows(of: shot.own.features.rows)
        let whole = SPADE.whole(of: patches)
        var turned: (whole: Float, patch: Float) = (0, 0)
        for view in shot.turned {
            let rows = view.mask.rows(of: view.features.rows)
            turned.whole += SPADE.distance(zip(whole, SPADE.whole(of: rows)).reduce(0) { $0 + $1.0 * $1.1 })
            turned.patch += MemoryBank(blocks: [patches]).nearestDistances(to: rows).max() ?? 0
        }
        shots.append(Shot(patches: patches, whole: whole, turned: turned))
    }

    package func scorer(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        let kept = shots.indices.filter { !left.contains($0) }.map { shots[$0] }
        let (whole, patch) = kept.reduce((0, 0)) { ($0.0 + $1.turned.whole, $0.1 + $1.turned.patch) }
        return SPADE(
            gallery: MemoryBank(blocks: kept.map(\.patches)),
            wholes: Matrix(rows: kept.count, columns: kept[0].whole.count, values: kept.flatMap(\.whole)),
            neighbours: neighbours, patchScale: whole > 0 && patch > 0 ? whole / patch : 1)
    }
}

extension SPADE {
    private static let galleryName = "gallery"
    private static let wholesName = "wholes"

    package struct Header: ScorerHeader {
        package static let kind = "spade"
        package let neighbours: Int
        package let patchScale: Float
        /// Rows of the gallery that belong to each shot.
        package let shotPatches: [Int]

        enum CodingKeys: String, CodingKey {
            case neighbours
            case patchScale = "patch_scale"
            case shotPatches = "shot_patches"
        }

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try SPADE(self, tensors)
        }
    }

    package var stored: StoredScorer {
        StoredScorer(
            header: Header(
                neighbours: neighbours, patchScale: patchScale, shotPatches: gallery.blocks.map(\.count)),
            tensors: [Self.galleryName: Tensor(gallery.rows), Self.wholesName: Tensor(wholes)])
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        guard header.neighbours > 0, header.patchScale > 0, header.patchScale.isFinite else {
            throw DamagedSection(
                section: "spade", expected: "what a fit writes", got: "\(header.neighbours), \(header.patchScale)")
        }
        gallery = try MemoryBank(blocks: header.shotPatches, of: Self.galleryName, tensors)
        wholes = try tensors.matrix(
            Self.wholesName, rows: header.shotPatches.count, columns: gallery.rows.columns)
        (neighbours, patchScale) = (header.neighbours, header.patchScale)
    }
}
