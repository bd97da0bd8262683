/// How a model is made and asked: the method with its options, and what every method can be told.
package struct MethodSettings: Codable, Sendable, Equatable {
    private var choice: AnyMethod
    /// Layers of the backbone whose features are joined, each in `1...layerCount`; empty leaves the choice to the fit.
    package var layers: [Int]
    /// The side of the square network input, in pixels; nil leaves the choice to the fit.
    package var inputSize: Int?
    /// Standard deviation of the anomaly map's smoothing, in patches.
    package var smoothing: Float
    /// Where the limit chosen from the shots stands between few false rejects and few escapes.
    package var sensitivity: Sensitivity
    /// What is said of good and bad parts; nil where nothing reads it.
    package var wording: Wording?
    /// What of the frame is inspected.
    package var area: InspectionArea

    package init(
        method: any Method = PatchMemoryMethod(), layers: [Int] = [], inputSize: Int? = nil, smoothing: Float = 0.5,
        sensitivity: Sensitivity = .balanced, wording: Wording? = nil, area: InspectionArea = .wholeFrame
    ) {
        choice = AnyMethod(method)
        self.layers = layers
        self.inputSize = inputSize
        self.smoothing = smoothing
        self.sensitivity = sensitivity
        self.wording = method.needs.text == .none ? nil : wording
        self.area = area
    }

    package var method: any Method {
        get { choice.method }
        set { choice.method = newValue }
    }

    enum CodingKeys: String, CodingKey {
        case layers, smoothing, sensitivity, area, wording
        case choice = "method"
        case inputSize = "input_size"
    }

    /// Of a model document of version 3, or of version 2, which has the method's name here and its options beside it.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // What is no name is a method with its options, or the error says what is wrong with it.
        if let name = try? container.decode(String.self, forKey: .choice) {
            choice = try AnyMethod(version2: name, decoder)
        } else {
            choice = try container.decode(AnyMethod.self, forKey: .choice)
        }
        layers = try container.decode([Int].self, forKey: .layers)
        inputSize = try container.decodeIfPresent(Int.self, forKey: .inputSize)
        smoothing = try container.decode(Float.self, forKey: .smoothing)
        sensitivity = try container.decode(Sensitivity.self, forKey: .sensitivity)
        wording = try container.decodeIfPresent(Wording.self, forKey: .wording)
        area = try container.decode(InspectionArea.self, forKey: .area)
    }

    /// What is wrong with the settings for a backbone of `layerCount` layers; nil when nothing is.
    package func problem(layerCount: Int) -> String? {
        if let layer = layers.first(where: { !(1...layerCount).contains($0) }) {
            return "layers: expected numbers from 1 to \(layerCount), got \(layer)"
        }
        if Set(layers).count < layers.count { return "layers: expected each once, got \(layers)" }
        if let problem = method.problem { return "\(problem)" }
        if !(smoothing >= 0 && smoothing <= 10) { return "smoothing: expected 0 to 10 patches, got \(smoothing)" }
        return wording?.problem ?? area.problem
    }

    /// What is asked of the backbone about each picture.
    package var request: FeatureRequest {
        FeatureRequest(
            layers: layers, finalTokens: wording != nil || method.needs.embedding, windows: method.needs.windows)
    }

    /// What a method that needs stages combines: of layers that are asked for both views, or what the backbone suggests.
    func stages(_ suggested: [FeatureStage]) -> [FeatureStage] {
        guard !layers.isEmpty else { return suggested }
        return layers.flatMap { layer in
            [false, true].map { FeatureStage(layer: layer, localAveraging: $0) }
        }
    }

    /// The settings with a backbone's defaults wherever nothing is asked for, unless the fit is to choose.
    ///
    /// - Parameter textLayers: see ``BackboneModel/textLayers``.
    package func withDefaults(inputSize: Int, layers: [Int], textLayers: [Int] = []) -> MethodSettings {
        var settings = self
        let needs = method.needs
        if needs.text != .none {
            settings.wording = textLayers.isEmpty ? nil : wording ?? Wording(prompts: method.prompts)
        }
        guard !needs.stages else { return settings }
        settings.inputSize = self.inputSize ?? inputSize
        if self.layers.isEmpty { settings.layers = method.definition.layers(default: layers, text: textLayers) }
        return settings
    }
}
