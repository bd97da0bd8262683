public import ArgumentParser
public import Core

/// The options of every offline command that fits a model.
struct MethodOptions: ParsableArguments {
    @Option(help: "The method.")
    var method = Method.patchMemory

    @Option(help: "Layers of the backbone to join, with commas (default: the backbone's).")
    var layers: IntegerList?

    @Option(help: "Turned copies of each shot to learn: 1 (none), 2, 4 or 8.")
    var rotations: Int?

    @Option(help: "Patches to keep, at most; 0 keeps all.")
    var coreset: Int?

    @Flag(inversion: .prefixedNo, help: "Average each feature with its neighbours (default: --local-averaging).")
    var localAveraging: Bool?

    @Option(help: "How patches' distances make the picture's score: top_percent or maximum.")
    var aggregation: MethodSettings.Aggregation?

    @Option(help: "Standard deviation of the anomaly map's smoothing, in patches.")
    var smoothing: Float?

    @Option(help: "Where the limit stands, from 0 (few false rejects) to 1 (few escapes).")
    var sensitivity: Sensitivity?

    /// - Parameter inputSize: nil is the backbone's default.
    func settings(for model: BackboneModel, inputSize: Int?) throws -> MethodSettings {
        var settings = MethodSettings(method: method, layers: layers?.values ?? [], inputSize: inputSize)
            .withDefaults(inputSize: model.defaultInputSize, layers: model.defaultLayers)
        if let rotations { settings.rotations = rotations }
        if let coreset { settings.coresetBudget = coreset }
        if let localAveraging { settings.localAveraging = localAveraging }
        if let aggregation { settings.aggregation = aggregation }
        if let smoothing { settings.smoothing = smoothing }
        if let sensitivity { settings.sensitivity = sensitivity }
        if let problem = settings.problem(layerCount: model.layerCount) { throw ValidationError("--" + problem) }
        return settings
    }
}

extension Method: ExpressibleByArgument {}
extension MethodSettings.Aggregation: ExpressibleByArgument {}

extension Sensitivity: ExpressibleByArgument {
    public init?(argument: String) {
        guard let value = Double(argument) else { return nil }
        self.init(value)
    }

    public var defaultValueDescription: String { "\(value)" }
}
