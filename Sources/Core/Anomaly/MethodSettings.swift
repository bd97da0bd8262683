/// The ways to turn features into scores.
public enum Method: String, Codable, Sendable, CaseIterable {
    /// Chosen at fit time by what tells the shots from synthetic anomalies best.
    case auto
    /// A memory of good patches, freely settable.
    case patchMemory = "patch-memory"
    /// The patch memory with the settings of PatchCore (Roth et al., CVPR 2022, <https://arxiv.org/abs/2106.08265>).
    case patchCore = "patchcore"
    /// The patch memory with the settings of AnomalyDINO (Damm et al., WACV 2025, <https://arxiv.org/abs/2405.14529>).
    case anomalyDINO = "anomalydino"
    /// A Gaussian for each place (Defard et al., ICPR workshops 2021, <https://arxiv.org/abs/2011.08785>).
    case padim
    /// Nearest pictures, then nearest patches (Cohen and Hoshen 2020, <https://arxiv.org/abs/2005.02357>).
    case spade
    /// Trained on the shots and synthetic anomalies made from them.
    case fsac

    /// Those that there is a scorer for.
    static let fitted: Set<Method> = [.patchMemory]
}

/// How a model is made and asked: the method and what it can be told.
public struct MethodSettings: Codable, Sendable, Equatable {
    /// How the patches' distances become the picture's score.
    public enum Aggregation: String, Codable, Sendable, CaseIterable {
        /// Mean of the largest 1 % of the distances, at least one patch.
        case topPercent = "top_percent"
        /// The largest distance.
        case maximum
    }

    public var method: Method
    /// Layers of the backbone whose features are joined, each in `1...layerCount`; empty leaves the choice to the fit.
    public var layers: [Int]
    /// The side of the square network input, in pixels; nil leaves the choice to the fit.
    public var inputSize: Int?
    /// Whether a feature is averaged with its neighbours in the 3 x 3 window first (PatchCore, section 3.1, p = 3).
    public var localAveraging: Bool
    /// Copies of each shot that go into the memory, turned by equal steps of a full turn: 1 (only the shot), 2, 4 or 8.
    public var rotations: Int
    /// Patches that the memory keeps, at most; shared equally between the shots. 0 keeps every patch.
    public var coresetBudget: Int
    public var aggregation: Aggregation
    /// Standard deviation of the anomaly map's smoothing, in patches.
    public var smoothing: Float
    /// Where the limit chosen from the shots stands between few false rejects and few escapes.
    public var sensitivity: Sensitivity
    /// What of the frame is inspected.
    public var area: InspectionArea

    public init(
        method: Method = .patchMemory, layers: [Int] = [], inputSize: Int? = nil, localAveraging: Bool = true,
        rotations: Int = 8, coresetBudget: Int = 4096, aggregation: Aggregation = .topPercent, smoothing: Float = 0.5,
        sensitivity: Sensitivity = .balanced, area: InspectionArea = .wholeFrame
    ) {
        self.method = method
        self.layers = layers
        self.inputSize = inputSize
        self.localAveraging = localAveraging
        self.rotations = rotations
        self.coresetBudget = coresetBudget
        self.aggregation = aggregation
        self.smoothing = smoothing
        self.sensitivity = sensitivity
        self.area = area
    }

    enum CodingKeys: String, CodingKey {
        case method, layers, rotations, aggregation, smoothing, sensitivity, area
        case inputSize = "input_size"
        case localAveraging = "local_averaging"
        case coresetBudget = "coreset_budget"
    }

    /// What is wrong with the settings for a backbone of `layerCount` layers; nil when nothing is.
    public func problem(layerCount: Int) -> String? {
        guard Method.fitted.contains(method) else {
            let names = Method.allCases.filter(Method.fitted.contains).map(\.rawValue).joined(separator: ", ")
            return "method: expected \(names), got \(method.rawValue)"
        }
        if let layer = layers.first(where: { !(1...layerCount).contains($0) }) {
            return "layers: expected numbers from 1 to \(layerCount), got \(layer)"
        }
        if Set(layers).count < layers.count { return "layers: expected each once, got \(layers)" }
        if ![1, 2, 4, 8].contains(rotations) { return "rotations: expected 1, 2, 4 or 8, got \(rotations)" }
        if coresetBudget < 0 { return "coreset budget: expected 0 (keep all) or more, got \(coresetBudget)" }
        if !(smoothing >= 0 && smoothing <= 10) { return "smoothing: expected 0 to 10 patches, got \(smoothing)" }
        return area.problem
    }

    /// The settings with a backbone's defaults wherever nothing is asked for, unless the fit is to choose.
    public func withDefaults(inputSize: Int, layers: [Int]) -> MethodSettings {
        guard method != .auto else { return self }
        var settings = self
        settings.inputSize = self.inputSize ?? inputSize
        if self.layers.isEmpty { settings.layers = layers }
        return settings
    }
}
