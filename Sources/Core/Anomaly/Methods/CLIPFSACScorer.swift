internal import Glibc

// C width of a picture's embedding, D width of its patches' features.

/// CLIP-FSAC++ (Zuo et al. 2024): a trained head says how anomalous a picture is, by its embedding; a map says where.
///
/// The map is that of the patches, or of the pixels' gradients, scaled so that its peak is the image score: it has no scale of its
/// own that could be compared between pictures.
package struct CLIPFSACScorer: Scorer {
    package let head: CLIPFSACHead
    let scale: CLIPFSACScale
    let relevance: PatchRelevance
    /// Whether training helped.
    package let evidence: TrainingEvidence

    package var settings: CLIPFSACSettings { head.settings }
    package var featureWidth: Int { relevance.featureWidth }

    /// - Precondition: the features have the picture's embedding. Without patches of ``featureWidth`` (anomalies that a fit has
    ///   made have none) the map is even.
    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        let imageScore = scale.score(head.margins(of: features.embedding, parallelism)[0])
        let pattern: [Float]
        if settings.map == .saliency, let saliency = features.whole?.saliency {
            pattern = saliency.pooled(to: features.grid)
        } else if features.rows.columns == featureWidth {
            pattern = relevance.values(features, counting: mask, parallelism)
        } else {
            pattern = [Float](repeating: 1, count: features.grid.count)
        }
        return ScoreMap(
            grid: features.grid, pattern: mask.scattered(mask.patches.map { pattern[$0] }), imageScore: imageScore)
    }

    package var findings: [String] { evidence.lines }
    package var training: TrainingEvidence? { evidence }

    package var scoreGradient: FeatureExtractor.ScoreGradient? {
        guard settings.map == .saliency else { return nil }
        return { [head, scale] embedding in
            let margin = head.margins(of: Matrix(rows: 1, columns: embedding.count, values: embedding))[0]
            let slope = scale.slope(at: margin)
            return head.marginGradient(at: embedding).map { $0 * slope }
        }
    }
}

/// From a margin, the logarithm of the odds of `AS` (eq. 16), to an image score: a power of these odds, so it has the order of
/// `AS`, is positive, and resolves what `AS` rounds to 0 or 1.
///
/// The power is such that normal training pictures have 1 and synthetic anomalies that were kept out of training 4, in the
/// geometric mean. Limits rest on how much the logarithms of good parts' scores differ (``LimitPrediction``), and start from a
/// spread of distances; heads of which one has learnt twice the margins of another, because it saw more shots or another
/// preset, then give the same scores.
struct CLIPFSACScale: Codable, Sendable, Equatable {
    /// The mean margin of normal training pictures.
    let normal: Float
    /// By how much anomalies' mean margin is greater.
    let gap: Float

    /// Of the logarithm of scores between normal pictures and anomalies: log 4.
    private static let span: Float = 1.386_294_4
    /// A head that separates less does not separate; the bound also keeps scores finite, as margins lie within 2 / 0.07.
    private static let smallestGap: Float = 1

    /// - Parameters:
    ///   - normal, anomalous: margins.
    init(normal: [Float], anomalous: [Float]) {
        self.normal = Self.mean(normal)
        gap = max(Self.mean(anomalous) - self.normal, Self.smallestGap)
    }

    var isWellFormed: Bool { abs(normal) <= 100 && gap >= Self.smallestGap && gap <= 100 }

    func score(_ margin: Float) -> Float { expf(Self.span * (margin - normal) / gap) }

    /// The derivative of ``score(_:)``.
    func slope(at margin: Float) -> Float { Self.span / gap * score(margin) }

    private static func mean(_ values: [Float]) -> Float { values.reduce(0, +) / Float(values.count) }
}

// MARK: Storage

extension CLIPFSACScorer {
    package struct Header: ScorerHeader {
        package static let kind = "clip_fsac"
        let settings: CLIPFSACSettings
        let scale: CLIPFSACScale
        let relevance: PatchRelevance.Header
        package let evidence: TrainingEvidence

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try CLIPFSACScorer(self, tensors)
        }
    }

    private static let headPrefix = "head."

    package var stored: StoredScorer {
        var tensors = relevance.tensors
        for (name, tensor) in head.tensors { tensors[Self.headPrefix + name] = tensor }
        let header = Header(settings: settings, scale: scale, relevance: relevance.header, evidence: evidence)
        return StoredScorer(header: header, tensors: tensors)
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        guard header.scale.isWellFormed else {
            throw DamagedSection(
                section: "scale", expected: "what a fit writes", got: "\(header.scale.normal), \(header.scale.gap)")
        }
        var own: [String: Tensor] = [:]
        for (name, tensor) in tensors where name.hasPrefix(Self.headPrefix) {
            own[String(name.dropFirst(Self.headPrefix.count))] = tensor
        }
        head = try CLIPFSACHead(settings: header.settings, tensors: own)
        scale = header.scale
        relevance = try PatchRelevance(header.relevance, tensors)
        evidence = header.evidence
    }
}
