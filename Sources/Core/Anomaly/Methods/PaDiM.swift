// N patches of the grid, D feature width, d dimensions that are kept, n samples of one place.

/// A Gaussian for each place of the grid.
package struct PaDiMMethod: Method {
    package var localAveraging = false
    package var aggregation = Aggregation.maximum
    /// How many of the features' dimensions are kept.
    package var dimensions = 100

    package init() {}

    package static let about = MethodDescription(
        name: "padim", summary: "distance to a Gaussian of each place, for parts that always lie the same way",
        reference: "Defard et al., ICPR workshops 2021, <https://arxiv.org/abs/2011.08785>")
    package static let headers: [any ScorerHeader.Type] = [PaDiM.Header.self]
    package static let options: [MethodOption<Self>] = [
        .localAveraging(\.localAveraging),
        .choice(
            "aggregation", \.aggregation, of: [.topPercent, .maximum],
            help: "the picture's score: the mean of the highest 1 % of its patches, or the highest"),
        .number(
            "dimensions", \.dimensions, in: 1...4096, unit: "dimensions",
            help: "how many of the features' dimensions are kept"),
    ]

    package func fit(_ setup: FitSetup) -> any ScorerFit { PaDiMFit(self) }

    /// Some dimensions of each shot, and of each place a covariance.
    package func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int {
        let kept = min(dimensions, shape.width)
        return shape.patches * (count * kept + 2 * Cholesky.count(kept)) * MemoryLayout<Float>.stride
    }
}

/// How unusual a patch is for its place: the Mahalanobis distance to a Gaussian for each place of the grid (Defard et al.,
/// ICPR workshops 2021, section III), divided by the square root of d: about 1 for a patch like those of the shots.
///
/// Two things differ from the paper, which has hundreds of shots: the samples of a place are those of the window around it, the
/// smallest with at least ``smallestSample``; and the covariance is shrunk towards a multiple of the identity by as much as the
/// samples ask for (OAS), on top of the paper's `ε I`, which here is in proportion to the mean variance, because the features
/// are unit vectors.
package struct PaDiM: Scorer {
    /// How many patches a covariance is made of at least. Chosen here.
    static let smallestSample = 32
    /// The paper's ε, as a factor of the mean variance over all places and dimensions. Chosen here: with less, places that hardly
    /// vary in the few shots drown the others.
    static let ridge: Float = 1

    package let featureWidth: Int
    package let grid: PatchGrid
    /// Which of the D dimensions are kept, ascending.
    package let dimensions: [Int]
    package let aggregation: Aggregation
    /// `[N, d]`.
    let means: Matrix
    /// `[N, d (d + 1) / 2]`: Cholesky factors of the covariances.
    let factors: Matrix

    /// - Complexity: O(N d²).
    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        precondition(features.grid == grid && features.rows.columns == featureWidth, "padim: other features")
        let rows = features.rows.columns(dimensions)
        let d = dimensions.count
        let patches = mask.patches
        var distances = [Float](repeating: 0, count: patches.count)
        distances.withUnsafeMutableBufferPointer { distances in
            factors.values.withUnsafeBufferPointer { factors in
                guard let distances = distances.baseAddress, let factors = factors.baseAddress else { return }
                parallelism.forEachRange(of: patches.count, grain: 16) { _, range in
                    let difference = Storage(count: d)
                    for index in range {
                        let patch = patches[index]
                        for c in 0..<d { difference.base[c] = rows[patch, c] - means[patch, c] }
                        let squared = Cholesky.squaredLength(
                            factors + patch * Cholesky.count(d), difference.base, d)
                        distances[index] = (squared / Float(d)).squareRoot()
                    }
                }
            }
        }
        return ScoreMap(grid: grid, values: mask.scattered(distances), imageScore: aggregation.score(of: distances))
    }
}

/// Collects the shots' patches place by place.
package struct PaDiMFit: ScorerFit {
    private let settings: PaDiMMethod
    /// Rows are `[N, d]`.
    private var shots: [ShotFeatures.View] = []
    private var dimensions: [Int] = []
    private var featureWidth = 0

    package init(_ settings: PaDiMMethod) { self.settings = settings }

    package mutating func add(_ shot: ShotFeatures) {
        let own = shot.own
        if shots.isEmpty {
            featureWidth = own.features.rows.columns
            dimensions = Self.chosen(settings.dimensions, of: featureWidth)
        }
        let rows = own.features.rows.columns(dimensions)
        shots.append(.init(features: PatchFeatures(grid: own.features.grid, rows: rows), mask: own.mask))
    }

    /// A random choice that is the same in every run (section III-B).
    static func chosen(_ count: Int, of width: Int) -> [Int] {
        var random = SplitMix64(seed: 1024)
        return Array(0..<width).shuffled(using: &random).prefix(count).sorted()
    }

    package func scorer(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        let kept = shots.indices.filter { !left.contains($0) }.map { shots[$0] }
        let (grid, d) = (kept[0].features.grid, dimensions.count)
        let places = Places(shots: kept, grid: grid, dimensions: d)
        var means = Matrix(rows: grid.count, columns: d)
        var factors = Matrix(rows: grid.count, columns: Cholesky.count(d))
        means.values.withUnsafeMutableBufferPointer { means in
            factors.values.withUnsafeMutableBufferPointer { factors in
                guard let means = means.baseAddress, let factors = factors.baseAddress else { return }
                let ridge = max(places.meanVariance() * PaDiM.ridge, 1e-8)
                parallelism.forEachRange(of: grid.count, grain: 16) { _, range in
                    for place in range {
                        places.fit(place, ridge, means + place * d, factors + place * Cholesky.count(d))
                    }
                }
            }
        }
        return PaDiM(
            featureWidth: featureWidth, grid: grid, dimensions: dimensions, aggregation: settings.aggregation,
            means: means, factors: factors)
    }
}

/// The samples of each place, and the Gaussian that they make.
private struct Places {
    let shots: [ShotFeatures.View]
    let grid: PatchGrid
    let dimensions: Int
    private let isCounted: [[Bool]]
    private let reach: Int

    init(shots: [ShotFeatures.View], grid: PatchGrid, dimensions: Int) {
        self.shots = shots
        self.grid = grid
        self.dimensions = dimensions
        isCounted = shots.map { view in view.mask.weights.map { $0 > 0 } }
        reach = (0...8).first { (2 * $0 + 1) * (2 * $0 + 1) * shots.count >= PaDiM.smallestSample } ?? 8
    }

    /// The features of the window around a place: `[n, d]`. Where nothing counts, of everything that does: such places are
    /// never judged, and this keeps their Gaussians sound.
    private func samples(of place: Int) -> Matrix {
        let (row, column) = (place / grid.columns, place % grid.columns)
        var values: [Float] = []
        for (shot, view) in shots.enumerated() {
            for r in max(row - reach, 0)...min(row + reach, grid.rows - 1) {
                for c in max(column - reach, 0)...min(column + reach, grid.columns - 1)
                where isCounted[shot][r * grid.columns + c] {
                    values += view.features.rows.row(r * grid.columns + c)
                }
            }
        }
        guard !values.isEmpty else {
            return Matrix(joiningRows: shots.map { $0.mask.rows(of: $0.features.rows) })
        }
        return Matrix(rows: values.count / dimensions, columns: dimensions, values: values)
    }

    /// Over all dimensions, at every place by itself.
    func meanVariance() -> Float {
        var sum: Float = 0
        for place in 0..<grid.count { sum += Gaussian(samples(of: place)).variance }
        return sum / Float(grid.count)
    }

    func fit(
        _ place: Int, _ ridge: Float, _ mean: UnsafeMutablePointer<Float>, _ factor: UnsafeMutablePointer<Float>
    ) {
        let gaussian = Gaussian(samples(of: place))
        mean.update(from: gaussian.mean, count: dimensions)
        let packed = gaussian.shrunkCovariance(ridge)
        factor.update(from: packed, count: packed.count)
        let isPositive = Cholesky.factor(factor, dimensions)
        precondition(isPositive, "padim: a covariance with a ridge of \(ridge) is not positive definite")
    }
}

extension PaDiM {
    private static let meansName = "means"
    private static let factorsName = "factors"

    package struct Header: ScorerHeader {
        package static let kind = "padim"
        package let aggregation: Aggregation
        package let featureWidth: Int
        package let grid: PatchGrid
        /// Of the features, ascending.
        package let dimensions: [Int]

        enum CodingKeys: String, CodingKey {
            case aggregation, grid, dimensions
            case featureWidth = "feature_width"
        }

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try PaDiM(self, tensors)
        }
    }

    package var stored: StoredScorer {
        let header = Header(aggregation: aggregation, featureWidth: featureWidth, grid: grid, dimensions: dimensions)
        return StoredScorer(
            header: header, tensors: [Self.meansName: Tensor(means), Self.factorsName: Tensor(factors)])
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        let (kept, d) = (header.dimensions, header.dimensions.count)
        // The bounds keep products of these numbers far from overflow.
        guard (1...(1 << 16)).contains(d), kept.allSatisfy({ (0..<header.featureWidth).contains($0) }),
            zip(kept, kept.dropFirst()).allSatisfy(<)
        else {
            throw DamagedSection(
                section: "dimensions", expected: "ascending, of the features", got: "\(kept.prefix(4))")
        }
        let sides = 1...(1 << 12)
        guard sides.contains(header.grid.rows), sides.contains(header.grid.columns) else {
            throw DamagedSection(section: "padim", expected: "a grid", got: "\(header.grid)")
        }
        means = try tensors.matrix(Self.meansName, rows: header.grid.count, columns: d)
        factors = try tensors.matrix(Self.factorsName, rows: header.grid.count, columns: Cholesky.count(d))
        (featureWidth, grid, dimensions) = (header.featureWidth, header.grid, kept)
        aggregation = header.aggregation
    }
}
