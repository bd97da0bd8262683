// N patches, D width of their features.

/// Where in a picture the reason for its score may lie.
enum PatchRelevance: Sendable {
    /// By the texts, in whose space the patches are.
    case text(TextRelevance)
    /// By the distance to all patches of the shots.
    case memory(PatchMemory)

    /// - Parameters:
    ///   - shots: one or more.
    ///   - anchors: nil without texts.
    init(_ shots: [ShotFeatures.View], anchors: TextAnchors?) {
        let rows = shots.map { $0.mask.rows(of: $0.features.rows) }
        if let anchors, anchors.normal.count == rows[0].columns {
            self = .text(TextRelevance(rows, anchors))
        } else {
            self = .memory(PatchMemory(bank: MemoryBank(blocks: rows), aggregation: .maximum))
        }
    }

    var featureWidth: Int {
        switch self {
        case .text(let text): text.anchors.normal.count
        case .memory(let memory): memory.featureWidth
        }
    }

    /// - Returns: `[N]`, at least 0.
    func values(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> [Float] {
        switch self {
        case .text(let text): text.values(features.rows, parallelism)
        case .memory(let memory): memory.score(features, counting: mask, parallelism).values
        }
    }
}

/// How much more a patch is like the abnormal text than patches of the shots are.
///
/// Similarities of patches with CLIP's texts differ little, and by how much depends on the product; so they are counted in
/// deviations from what the shots' patches have. The texts are those of eq. 3: the adapted ones are made for embeddings that
/// have passed the image adapter, which patches have not.
struct TextRelevance: Sendable, Equatable {
    let anchors: TextAnchors
    /// Of `s(patch, T-) - s(patch, T+)` over the shots' patches.
    let mean: Float
    let deviation: Float

    init(_ shots: [Matrix], _ anchors: TextAnchors) {
        let differences = shots.flatMap { Self.differences($0, anchors, .serial) }
        let count = Float(differences.count)
        let mean = differences.reduce(0, +) / count
        let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        self.init(anchors: anchors, mean: mean, deviation: max(variance.squareRoot(), 1e-6))
    }

    init(anchors: TextAnchors, mean: Float, deviation: Float) {
        self.anchors = anchors
        self.mean = mean
        self.deviation = deviation
    }

    /// `log(1 + exp(z))` of each patch, which leaves little of what is below the mean.
    func values(_ rows: Matrix, _ parallelism: Parallelism) -> [Float] {
        Self.differences(rows, anchors, parallelism).map { difference in
            softplus((difference - mean) / deviation)
        }
    }

    private static func differences(_ rows: Matrix, _ anchors: TextAnchors, _ parallelism: Parallelism) -> [Float] {
        let products = rows.multiplied(byTransposed: anchors.matrix, parallelism: parallelism)
        return (0..<rows.rows).map { products[$0, 1] - products[$0, 0] }
    }
}

extension Matrix {
    /// The mean over what each patch covers of a picture, row by row.
    func pooled(to grid: PatchGrid) -> [Float] {
        var sums = [Float](repeating: 0, count: grid.count)
        var counts = sums
        for row in 0..<rows {
            for column in 0..<columns {
                let patch = row * grid.rows / rows * grid.columns + column * grid.columns / columns
                sums[patch] += self[row, column]
                counts[patch] += 1
            }
        }
        return zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0 }
    }
}

// MARK: Storage

extension PatchRelevance {
    /// One of them is there.
    struct Header: Codable, Sendable, Equatable {
        struct Text: Codable, Sendable, Equatable {
            let mean: Float
            let deviation: Float
        }

        var text: Text?
        var memory: PatchMemory.Header?
    }

    var header: Header {
        switch self {
        case .text(let text): Header(text: .init(mean: text.mean, deviation: text.deviation))
        case .memory(let memory): Header(memory: memory.header)
        }
    }

    var tensors: [String: Tensor] {
        switch self {
        case .text(let text): text.anchors.tensors
        case .memory(let memory): memory.stored.tensors
        }
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        if let memory = header.memory {
            self = .memory(try PatchMemory(memory, tensors))
        } else if let text = header.text, text.mean.isFinite, text.deviation > 0, text.deviation.isFinite {
            self = .text(
                TextRelevance(
                    anchors: try TextAnchors(tensors), mean: text.mean, deviation: text.deviation))
        } else {
            throw DamagedSection(
                section: "relevance", expected: "memory, or text with a positive deviation",
                got: header.text.map { "deviation \($0.deviation)" } ?? "none")
        }
    }
}
