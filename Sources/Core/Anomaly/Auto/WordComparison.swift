internal import Glibc

/// How much more a picture is like the words for a bad part than the shots are: what `auto` makes of a backbone that reads.
struct WordComparison: Sendable, Equatable {
    let anchors: TextAnchors
    /// The odds of the abnormal text, see ``TextAnchors/odds(of:temperature:)``, below which a good part stays.
    let tolerance: Float

    /// The most that words alone raise a score by.
    private static let largestFactor: Float = 2
    /// Prior knowledge, worth four shots, of how much the logarithms of good parts' odds differ. Chosen here.
    private static let priorDeviation: Float = 0.1

    init(anchors: TextAnchors, tolerance: Float) {
        self.anchors = anchors
        self.tolerance = tolerance
    }

    /// - Parameter normal: the odds of pictures of good parts, at least one.
    init(_ anchors: TextAnchors, normal: [Float]) {
        let logs = normal.map { logf($0) }
        let count = Float(logs.count)
        let mean = logs.reduce(0, +) / count
        let squares = logs.reduce(4 * Self.priorDeviation * Self.priorDeviation) { $0 + ($1 - mean) * ($1 - mean) }
        self.init(anchors: anchors, tolerance: expf(mean + 2 * (squares / (3 + count)).squareRoot()))
    }

    /// What a picture's score is multiplied with: 1 while it is no more like the words for a bad part than good ones are.
    func factor(for features: PatchFeatures) -> Float {
        min(max(Self.odds(of: features, anchors) / tolerance, 1), Self.largestFactor)
    }

    static func odds(of features: PatchFeatures, _ anchors: TextAnchors) -> Float {
        anchors.odds(of: features.embedding, temperature: ZeroShot.temperature)[0]
    }
}

/// Whether `auto` uses the words, and why.
struct WordEvidence: Codable, Sendable, Equatable {
    /// The share of (good picture, synthetic anomaly) pairs that the words rank right; nil without anomalies.
    let separation: Double?

    /// Words that tell the product's own synthetic anomalies from good pictures no better than this would only add noise. Chosen
    /// here.
    private static let leastSeparation = 0.75

    var isUsed: Bool { (separation ?? 0) >= Self.leastSeparation }

    /// Of the odds of pictures.
    init(normal: [Float], anomalous: [Float]) {
        separation = anomalous.isEmpty ? nil : RankingMetrics(normal: normal, anomalous: anomalous).auroc
    }
}
