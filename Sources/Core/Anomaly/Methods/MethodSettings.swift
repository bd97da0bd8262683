/// How a model is made and asked: the method and what it can be told.
package struct MethodSettings: Codable, Sendable, Equatable {
    /// How the patches' distances become the picture's score.
    package enum Aggregation: String, Codable, Sendable, CaseIterable {
        /// Mean of the largest 1 % of the distances, at least one patch.
        case topPercent = "top_percent"
        /// The largest distance.
        case maximum
        /// The largest distance, re-weighted by how dense the memory is where it was measured (PatchCore, eq. 7). Patches have
        /// Euclidean distances then, not cosine ones. Only for a patch memory.
        case patchCore = "patchcore"
    }

    package var method: Method
    /// Layers of the backbone whose features are joined, each in `1...layerCount`; empty leaves the choice to the fit.
    package var layers: [Int]
    /// The side of the square network input, in pixels; nil leaves the choice to the fit.
    package var inputSize: Int?
    /// Whether a feature is averaged with its neighbours in the 3 x 3 window first (PatchCore, section 3.1, p = 3).
    package var localAveraging: Bool
    /// Copies of each shot that go into the memory, turned by equal steps of a full turn: 1 (only the shot), 2, 4 or 8.
    package var rotations: Int
    /// Patches that the memory keeps, at most; shared equally between the shots. 0 keeps every patch.
    package var coresetBudget: Int
    package var aggregation: Aggregation
    /// Whether only patches of the part are remembered and judged, told from the background by ``FeatureForeground``.
    package var foreground: Bool
    /// Of PaDiM: how many of the features' dimensions are kept.
    package var dimensions: Int
    /// Of SPADE: how many of the nearest shots count.
    package var neighbours: Int
    /// Standard deviation of the anomaly map's smoothing, in patches.
    package var smoothing: Float
    /// Where the limit chosen from the shots stands between few false rejects and few escapes.
    package var sensitivity: Sensitivity
    /// What a fit by `auto` may cost, in seconds of two slow cores.
    package var fitBudget: Double
    /// What is said of good and bad parts; nil where nothing reads it.
    package var wording: Wording?
    /// Of `clip-fsac`; nil for all others.
    package var clipFSAC: CLIPFSACSettings?
    /// What of the frame is inspected.
    package var area: InspectionArea

    /// - Parameters:
    ///   - localAveraging: as the following, nil for what the method has.
    package init(
        method: Method = .patchMemory, layers: [Int] = [], inputSize: Int? = nil, localAveraging: Bool? = nil,
        rotations: Int? = nil, coresetBudget: Int? = nil, aggregation: Aggregation? = nil, foreground: Bool? = nil,
        dimensions: Int? = nil, neighbours: Int? = nil, fitBudget: Double? = nil, smoothing: Float = 0.5,
        sensitivity: Sensitivity = .balanced, wording: Wording? = nil,
        clipFSAC: CLIPFSACSettings? = nil,
        area: InspectionArea = .wholeFrame
    ) {
        let isMemory = method.options.contains(.coresetBudget)
        self.method = method
        self.layers = layers
        self.inputSize = inputSize
        self.localAveraging = localAveraging ?? (method == .patchMemory || method == .patchCore)
        self.rotations = rotations ?? Self.rotations(method)
        self.coresetBudget = coresetBudget ?? (isMemory && method != .anomalyDINO ? 4096 : 0)
        self.aggregation = aggregation ?? Self.aggregation(method)
        self.foreground = foreground ?? (method == .anomalyDINO)
        self.dimensions = dimensions ?? 100
        self.neighbours = neighbours ?? 50
        self.smoothing = smoothing
        self.sensitivity = sensitivity
        self.fitBudget = fitBudget ?? 20
        self.wording = method.usesText ? wording : nil
        self.clipFSAC = clipFSAC ?? (method == .clipFSAC ? CLIPFSACSettings() : nil)
        self.area = area
    }

    private static func rotations(_ method: Method) -> Int {
        switch method {
        case .patchMemory, .anomalyDINO, .auto, .fsac: 8
        case .patchCore, .padim, .clipZeroShot, .winCLIP, .aaClip, .clipFSAC: 1
        // The half turn gives SPADE its scale.
        case .spade: 2
        }
    }

    private static func aggregation(_ method: Method) -> Aggregation {
        switch method {
        case .patchCore: .patchCore
        case .padim: .maximum
        case .patchMemory, .anomalyDINO, .spade, .auto, .fsac, .clipZeroShot, .winCLIP, .aaClip, .clipFSAC:
            .topPercent
        }
    }

    enum CodingKeys: String, CodingKey {
        case method, layers, rotations, aggregation, foreground, dimensions, neighbours, smoothing, sensitivity, area
        case wording
        case clipFSAC = "clip_fsac"
        case inputSize = "input_size"
        case localAveraging = "local_averaging"
        case coresetBudget = "coreset_budget"
        case fitBudget = "fit_budget"
    }

    /// What is wrong with the settings for a backbone of `layerCount` layers; nil when nothing is.
    package func problem(layerCount: Int) -> String? {
        if let layer = layers.first(where: { !(1...layerCount).contains($0) }) {
            return "layers: expected numbers from 1 to \(layerCount), got \(layer)"
        }
        if Set(layers).count < layers.count { return "layers: expected each once, got \(layers)" }
        if ![1, 2, 4, 8].contains(rotations) { return "rotations: expected 1, 2, 4 or 8, got \(rotations)" }
        if let problem = problemOfOptions() { return problem }
        if coresetBudget < 0 { return "coreset budget: expected 0 (keep all) or more, got \(coresetBudget)" }
        if !(smoothing >= 0 && smoothing <= 10) { return "smoothing: expected 0 to 10 patches, got \(smoothing)" }
        if let problem = wording?.problem { return problem }
        if (clipFSAC != nil) != (method == .clipFSAC) {
            return "preset, descriptor, epochs, batch and map: options of clip-fsac alone, got \(method.rawValue)"
        }
        if let problem = clipFSAC?.problem { return problem }
        if !(fitBudget >= 1 && fitBudget <= 3600) { return "fit budget: expected 1 to 3600 seconds, got \(fitBudget)" }
        return area.problem
    }

    /// What is asked of the backbone about each picture.
    package var request: FeatureRequest {
        FeatureRequest(
            layers: layers, finalTokens: wording != nil || method.needsEmbedding,
            windows: method == .winCLIP ? WinCLIP.sides : [])
    }

    /// What `auto` combines: of the layers asked for both views, or what the backbone suggests.
    func stages(_ suggested: [FeatureStage]) -> [FeatureStage] {
        guard !layers.isEmpty else { return suggested }
        return layers.flatMap { layer in
            [false, true].map { FeatureStage(layer: layer, localAveraging: $0) }
        }
    }

    /// An option that the method does not have must be as it is.
    private func problemOfOptions() -> String? {
        let own = MethodSettings(method: method)
        for option in MethodOption.allCases where !method.options.contains(option) {
            let (got, expected) = (text(of: option), own.text(of: option))
            guard got == expected else {
                let others = Method.allCases.filter { $0.options.contains(option) }.map(\.rawValue)
                return "\(option.rawValue): not an option of \(method.rawValue), got \(got): leave it out, or choose "
                    + others.joined(separator: " or ")
            }
        }
        if method == .padim, aggregation == .patchCore {
            return "aggregation: expected top_percent or maximum for padim, got patchcore"
        }
        if !(1...4096).contains(dimensions) { return "dimensions: expected 1 to 4096, got \(dimensions)" }
        if !(1...1000).contains(neighbours) { return "neighbours: expected 1 to 1000, got \(neighbours)" }
        return nil
    }

    private func text(of option: MethodOption) -> String {
        switch option {
        case .localAveraging: "\(localAveraging)"
        case .rotations: "\(rotations)"
        case .coresetBudget: "\(coresetBudget)"
        case .aggregation: aggregation.rawValue
        case .foreground: "\(foreground)"
        case .dimensions: "\(dimensions)"
        case .neighbours: "\(neighbours)"
        case .fitBudget: "\(fitBudget)"
        }
    }

    /// The settings with a backbone's defaults wherever nothing is asked for, unless the fit is to choose.
    ///
    /// - Parameter textLayers: see ``BackboneModel/textLayers``.
    package func withDefaults(inputSize: Int, layers: [Int], textLayers: [Int] = []) -> MethodSettings {
        var settings = self
        if method.usesText { settings.wording = textLayers.isEmpty ? nil : wording ?? Wording(prompts: method.prompts) }
        guard method != .auto else { return settings }
        settings.inputSize = self.inputSize ?? inputSize
        if self.layers.isEmpty { settings.layers = method.layers(default: layers, text: textLayers) }
        return settings
    }
}
