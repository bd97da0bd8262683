/// How a patch memory is made and asked: PatchCore (Roth et al., CVPR 2022, <https://arxiv.org/abs/2106.08265>) with the
/// cosine distance, rotated shots and top 1 % score of AnomalyDINO (Damm et al., WACV 2025,
/// <https://arxiv.org/abs/2405.14529>).
public struct PatchMemorySettings: Codable, Sendable, Equatable {
    /// How the patches' distances become the picture's score.
    public enum Aggregation: String, Codable, Sendable, CaseIterable {
        /// Mean of the largest 1 % of the distances, at least one patch.
        case topPercent = "top_percent"
        /// The largest distance.
        case maximum
    }

    /// Layers of the backbone whose features are joined, each in `1...layerCount`.
    public var layers: [Int]
    /// Whether a feature is averaged with its neighbours in the 3 x 3 window first (PatchCore, section 3.1, p = 3).
    public var localAveraging: Bool
    /// Copies of each shot that go into the memory, turned by equal steps of a full turn: 1 (only the shot), 2, 4 or 8.
    public var rotations: Int
    /// Patches that the memory keeps, at most; shared equally between the shots. 0 keeps every patch.
    public var coresetBudget: Int
    public var aggregation: Aggregation
    /// Standard deviation of the anomaly map's smoothing, in patches.
    public var smoothing: Float
    /// The share of good parts that the limit chosen from the shots is meant to reject, in `0 ..< 1`.
    public var targetFalseRejectRate: Double
    /// What of the frame is inspected.
    public var area: InspectionArea

    public init(
        layers: [Int], localAveraging: Bool = true, rotations: Int = 8, coresetBudget: Int = 4096,
        aggregation: Aggregation = .topPercent, smoothing: Float = 0.5, targetFalseRejectRate: Double = 0.05,
        area: InspectionArea = .wholeFrame
    ) {
        self.layers = layers
        self.localAveraging = localAveraging
        self.rotations = rotations
        self.coresetBudget = coresetBudget
        self.aggregation = aggregation
        self.smoothing = smoothing
        self.targetFalseRejectRate = targetFalseRejectRate
        self.area = area
    }

    /// Settings saved before there were areas are of the whole frame.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            layers: try container.decode([Int].self, forKey: .layers),
            localAveraging: try container.decode(Bool.self, forKey: .localAveraging),
            rotations: try container.decode(Int.self, forKey: .rotations),
            coresetBudget: try container.decode(Int.self, forKey: .coresetBudget),
            aggregation: try container.decode(Aggregation.self, forKey: .aggregation),
            smoothing: try container.decode(Float.self, forKey: .smoothing),
            targetFalseRejectRate: try container.decode(Double.self, forKey: .targetFalseRejectRate),
            area: try container.decodeIfPresent(InspectionArea.self, forKey: .area) ?? .wholeFrame)
    }

    enum CodingKeys: String, CodingKey {
        case layers, rotations, aggregation, smoothing, area
        case localAveraging = "local_averaging"
        case coresetBudget = "coreset_budget"
        case targetFalseRejectRate = "target_false_reject_rate"
    }

    /// What is wrong with the settings for a backbone of `layerCount` layers; nil when nothing is.
    public func problem(layerCount: Int) -> String? {
        if layers.isEmpty { return "layers: expected at least one of 1 to \(layerCount), got none" }
        if let layer = layers.first(where: { !(1...layerCount).contains($0) }) {
            return "layers: expected numbers from 1 to \(layerCount), got \(layer)"
        }
        if Set(layers).count < layers.count { return "layers: expected each once, got \(layers)" }
        if ![1, 2, 4, 8].contains(rotations) { return "rotations: expected 1, 2, 4 or 8, got \(rotations)" }
        if coresetBudget < 0 { return "coreset budget: expected 0 (keep all) or more, got \(coresetBudget)" }
        if !(smoothing >= 0 && smoothing <= 10) { return "smoothing: expected 0 to 10 patches, got \(smoothing)" }
        if !(targetFalseRejectRate >= 1e-6 && targetFalseRejectRate <= 0.5) {
            return "target false-reject rate: expected 0.000001 to 0.5, got \(targetFalseRejectRate)"
        }
        return area.problem
    }
}
