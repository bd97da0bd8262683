internal import Glibc

// N patches of the grid, C width of the text's space, L levels, D = L C feature width.

/// AA-CLIP (Ma et al., CVPR 2025, <https://arxiv.org/abs/2503.06661>): patches of several levels and the picture as a whole
/// against two texts. Nothing is learnt from the shots, which make the limit alone; the adapters were trained on other products.
///
/// A patch's score is `(1 + s(f, T-) - s(f, T+)) / 2`, the mean over the levels, smoothed on the grid; the picture's is the mean
/// of the largest of them and of `(1 + v T-) / 2`, where v is the detection embedding. Two things differ from the paper's
/// code. It has 100 s in place of s. And it stretches both parts of the picture's score to 0...1 over all test pictures, which
/// a line cannot do: here both stay on the scale of a cosine.
public struct AAClip: Scorer {
    /// Standard deviation of the smoothing, in patches: the paper's for industrial pictures; the window is 7 x 7.
    private static let sigma: Float = 1
    private static let reach = 3

    /// What the code asks about, for an object "bottle": `a photo of a damaged bottle.`
    public static let prompts = (
        templates: ["{}.", "a photo of {}."], normal: ["{}", "a {}", "the {}"],
        abnormal: ["a damaged {}", "a broken {}", "a {} with flaw", "a {} with defect", "a {} with damage"]
    )

    let anchors: TextAnchors
    public let featureWidth: Int

    private var levels: Int { featureWidth / anchors.normal.count }

    package init(anchors: TextAnchors, featureWidth: Int) {
        precondition(
            featureWidth > 0 && featureWidth % anchors.normal.count == 0,
            "aa-clip: features of \(featureWidth) numbers, anchors of \(anchors.normal.count)")
        self.anchors = anchors
        self.featureWidth = featureWidth
    }

    /// - Precondition: `features.whole` is there: the backbone's final tokens were asked for.
    /// - Complexity: O(N D).
    public func score(_ features: PatchFeatures, counting mask: PatchMask, _ parallelism: Parallelism) -> ScoreMap {
        precondition(features.rows.columns == featureWidth, "aa-clip: other features")
        guard let whole = features.whole else { preconditionFailure("aa-clip: features without the whole picture") }
        let smoothed = Self.smoothed(similarities(features, parallelism), grid: features.grid)
        let patches = mask.patches.map { smoothed[$0] }
        let detection = zip(whole.embedding, anchors.abnormal).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        return ScoreMap(
            grid: features.grid, values: mask.scattered(patches),
            imageScore: ((patches.max() ?? 0) + max(0, (1 + detection) / 2)) / 2)
    }

    /// `[N]`: the patches' scores before smoothing. The features hold the levels side by side, each of norm 1, divided by the
    /// root of L: one product gives the mean of the cosines.
    private func similarities(_ features: PatchFeatures, _ parallelism: Parallelism) -> [Float] {
        let difference = zip(anchors.abnormal, anchors.normal).map { ($0 - $1) / Float(levels).squareRoot() }
        let direction = Matrix(
            rows: 1, columns: featureWidth, values: (0..<levels).flatMap { _ in difference })
        return features.rows.multiplied(byTransposed: direction, parallelism: parallelism).values
            .map { max(0, (1 + $0) / 2) }
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
    private static let anchorsName = "anchors"

    public struct Header: Codable, Sendable, Equatable {
        public let levels: Int
    }

    public var stored: StoredScorer {
        let both = Tensor(shape: [2, anchors.normal.count], values: anchors.normal + anchors.abnormal)
        return StoredScorer(
            header: ScorerHeader(aaClip: Header(levels: levels)), tensors: [Self.anchorsName: both])
    }

    init(_ header: Header, _ tensors: [String: Tensor]) throws(DamagedPart) {
        // The bound keeps the features' width far from overflow.
        guard (1...256).contains(header.levels) else {
            throw DamagedPart(part: "levels", expected: "1 to 256", got: "\(header.levels)")
        }
        let both = try tensors.matrix(Self.anchorsName, rows: 2)
        self.init(
            anchors: TextAnchors(normal: Array(both.row(0)), abnormal: Array(both.row(1))),
            featureWidth: header.levels * both.columns)
    }
}
