internal import Glibc

// N patches of the grid, C width of the text's space, L levels, D = L C feature width.

/// Patches of several levels compared with words, through adapters that were trained on other products.
package struct AAClipMethod: Method {
    package init() {}

    package static let about = MethodDescription(
        name: "aa-clip",
        summary: "patches of several levels compared with words; needs a CLIP with adapters, NAME@ADAPTERS",
        reference: "Ma et al., CVPR 2025, <https://arxiv.org/abs/2503.06661>")
    package static let headers: [any ScorerHeader.Type] = [AAClip.Header.self]
    package static let needs = MethodNeeds(text: .required, embedding: true)
    package static var prompts: PromptEnsemble { .aaClip }

    package static func layers(default defaults: [Int], text: [Int]) -> [Int] { text.isEmpty ? defaults : text }

    package static func wantedBackbone(insteadOf textLayers: [Int]) -> String? {
        textLayers.count < 2 ? "a CLIP with adapters (NAME@ADAPTERS)" : nil
    }

    package func fit(_ setup: FitSetup) -> any ScorerFit { AAClipFit(anchors: setup.requiredAnchors) }
    package func keptBytes(ofShots count: Int, _ shape: ShotShape) -> Int { 0 }
}

/// AA-CLIP (Ma et al., CVPR 2025, <https://arxiv.org/abs/2503.06661>): patches of several levels and the picture as a whole
/// against two texts. Nothing is learnt from the shots, which make the limit alone; the adapters were trained on other products.
///
/// A patch's evidence is `s(f, T-) - s(f, T+)`, the mean over the levels, smoothed on the grid; the picture's is the mean of the
/// largest of them and of `v T-`, where v is the detection embedding. Scores are the odds of that, `exp(evidence / 0.07)`: at least
/// 0 and in the evidence's order. Two things differ from the paper's code, which weighs both terms alike, too: it stretches both
/// to 0...1 over all test pictures, which a line cannot do, so here both stay cosines; and it takes the largest pixel of the
/// upsampled map in place of the largest patch.
package struct AAClip: Scorer {
    /// Standard deviation of the smoothing, in patches: the paper's for industrial pictures; the window is 7 x 7.
    private static let sigma: Float = 1
    private static let reach = 3
    /// Of the odds; as in ``ZeroShot``.
    private static let temperature = ZeroShot.temperature

    let anchors: TextAnchors
    package let featureWidth: Int

    private var levels: Int { featureWidth / anchors.normal.count }

    package init(anchors: TextAnchors, featureWidth: Int) {
        precondition(
            featureWidth > 0 && featureWidth % anchors.normal.count == 0,
            "aa-clip: features of \(featureWidth) numbers, anchors of \(anchors.normal.count)")
        self.anchors = anchors
        self.featureWidth = featureWidth
    }

    /// - Complexity: O(N D).
    package func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        precondition(features.rows.columns == featureWidth, "aa-clip: other features")
        let evidence = Self.smoothed(evidence(features, parallelism), grid: features.grid)
        let patches = mask.patches.map { evidence[$0] }
        let detection = features.embedding.multiplied(byTransposed: anchors.matrix).values[1]
        func odds(_ evidence: Float) -> Float { exp(evidence / Self.temperature) }
        return ScoreMap(
            grid: features.grid, pattern: mask.scattered(patches.map(odds)),
            imageScore: odds(((patches.max() ?? 0) + detection) / 2))
    }

    /// `[N]`: before smoothing. The features hold the levels side by side, each of norm 1, divided by the root of L: one product
    /// gives the mean of the cosines.
    private func evidence(_ features: PatchFeatures, _ parallelism: Parallelism) -> [Float] {
        let difference = zip(anchors.abnormal, anchors.normal).map { ($0 - $1) / Float(levels).squareRoot() }
        let direction = Matrix(rows: 1, columns: featureWidth, values: (0..<levels).flatMap { _ in difference })
        return features.rows.multiplied(byTransposed: direction, parallelism: parallelism).values
    }

    /// Gaussian smoothing on the grid; the border mirrors what is inside.
    static func smoothed(_ values: [Float], grid: PatchGrid) -> [Float] {
        let bell = (-reach...reach).map { exp(-Float($0 * $0) / (2 * sigma * sigma)) }
        let total = bell.reduce(0, +)
        let kernel = bell.map { $0 / total }
        func along(_ values: [Float], _ count: Int, stride: Int) -> [Float] {
            values.indices.map { index in
                let place = index / stride % count
                var sum: Float = 0
                for (tap, weight) in kernel.enumerated() {
                    let source = mirrored(place + tap - reach, count)
                    sum += weight * values[index + (source - place) * stride]
                }
                return sum
            }
        }
        return along(along(values, grid.columns, stride: 1), grid.rows, stride: grid.columns)
    }

    /// The place inside of `0..<count` whose image at the border `place` is; the border itself is not repeated.
    private static func mirrored(_ place: Int, _ count: Int) -> Int {
        guard count > 1 else { return 0 }
        let period = 2 * (count - 1)
        let inside = ((place % period) + period) % period
        return min(inside, period - inside)
    }
}

/// Learns nothing but the features' width.
package struct AAClipFit: ScorerFit {
    private let anchors: TextAnchors
    private var featureWidth = 0

    package init(anchors: TextAnchors) { self.anchors = anchors }

    package mutating func add(_ shot: ShotFeatures) { featureWidth = shot.own.features.rows.columns }

    package func scorer(leavingOut shots: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        AAClip(anchors: anchors, featureWidth: featureWidth)
    }
}

extension AAClip {
    package struct Header: ScorerHeader {
        package static let kind = "aa_clip"
        package let levels: Int

        package func scorer(_ tensors: [String: Tensor]) throws(DamagedSection) -> any Scorer {
            try AAClip(self, tensors)
        }
    }

    package var stored: StoredScorer {
        StoredScorer(header: Header(levels: levels), tensors: anchors.tensors)
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedSection) {
        // The bound keeps the features' width far from overflow.
        guard (1...256).contains(header.levels) else {
            throw DamagedSection(section: "levels", expected: "1 to 256", got: "\(header.levels)")
        }
        let anchors = try TextAnchors(tensors)
        self.init(anchors: anchors, featureWidth: header.levels * anchors.normal.count)
    }
}

extension PromptEnsemble {
    /// What the paper's code asks about: `a photo of a damaged bottle.`
    package static let aaClip = PromptEnsemble(
        normal: ["{}", "a {}", "the {}"],
        abnormal: ["a damaged {}", "a broken {}", "a {} with flaw", "a {} with defect", "a {} with damage"],
        templates: ["{}.", "a photo of {}."])
}
