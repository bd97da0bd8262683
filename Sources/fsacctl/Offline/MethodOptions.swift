import ArgumentParser
package import Core

/// The options of every offline command that fits a model.
struct MethodOptions: ParsableArguments {
    @Option(
        help:
            "The method: auto, patch-memory, patchcore, anomalydino, padim, spade, fsac, clip-fsac, winclip, clip-zero-shot or aa-clip."
    )
    var method = Method.auto

    @Option(help: "Layers of the backbone to join, with commas (default: the backbone's).")
    var layers: IntegerList?

    @Option(
        help:
            "Turned copies of each shot to learn: 1 (none), 2, 4 or 8; with auto at most so many (auto, patch-memory, anomalydino, fsac)."
    )
    var rotations: Int?

    @Option(
        help:
            "Patches to keep, at most; 0 keeps all (patch-memory, patchcore, anomalydino, fsac; in each memory of auto)."
    )
    var coreset: Int?

    @Flag(
        inversion: .prefixedNo,
        help: "Average each feature with its neighbours (patch-memory, padim, spade; default for patch-memory).")
    var localAveraging: Bool?

    @Option(
        help:
            "How patches' distances make the picture's score: top_percent, maximum or patchcore (patch-memory, padim).")
    var aggregation: MethodSettings.Aggregation?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Learn and judge only the part, told from the background (patch-memory, anomalydino; default for anomalydino)."
    )
    var foreground: Bool?

    @Option(help: "Dimensions of the features to keep (padim; default: 100).")
    var dimensions: Int?

    @Option(help: "Nearest shots that count (spade; default: 50).")
    var neighbours: Int?

    @Option(help: "Seconds that a fit may take on two slow cores (auto, fsac; default: 20).")
    var fitBudget: Double?

    @Option(help: "Standard deviation of the anomaly map's smoothing, in patches.")
    var smoothing: Float?

    @Option(help: "What the part is called, for methods that read: \"metal bottle cap\" (with a CLIP backbone).")
    var object: String?

    @Option(help: "The paper's hyper-parameters: mvtec or visa (clip-fsac).")
    var preset: CLIPFSACSettings.Preset?

    @Option(help: "The Anomaly Descriptor as in the paper or as released (clip-fsac).")
    var descriptor: FSACDescriptor?

    @Option(help: "Epochs of training; 0: as long as it helps (clip-fsac; default: 100).")
    var epochs: Int?

    @Option(help: "What the map shows: saliency or similarity (clip-fsac; default: saliency).")
    var map: CLIPFSACSettings.Map?

    @Option(help: "Where the limit stands, from 0 (few false rejects) to 1 (few escapes).")
    var sensitivity: Sensitivity?

    /// Nil when nothing is asked of it.
    private var clipFSAC: CLIPFSACSettings? {
        guard preset != nil || descriptor != nil || epochs != nil || map != nil else { return nil }
        var settings = CLIPFSACSettings()
        if let preset { settings.preset = preset }
        if let descriptor { settings.descriptor = descriptor }
        if let epochs { settings.epochs = epochs == 0 ? .auto : .fixed(epochs) }
        if let map { settings.map = map }
        return settings
    }

    /// - Parameter inputSize: nil is the backbone's default.
    func settings(for model: BackboneModel, inputSize: Int?) throws -> MethodSettings {
        var settings = MethodSettings(
            method: method, layers: layers?.values ?? [], inputSize: inputSize, localAveraging: localAveraging,
            rotations: rotations, coresetBudget: coreset, aggregation: aggregation, foreground: foreground,
            dimensions: dimensions, neighbours: neighbours, fitBudget: fitBudget,
            wording: object.map { Wording(object: $0, prompts: method.prompts) }, clipFSAC: clipFSAC
        ).withDefaults(
            inputSize: model.defaultInputSize, layers: model.defaultLayers, textLayers: model.textLayers)
        if let smoothing { settings.smoothing = smoothing }
        if let sensitivity { settings.sensitivity = sensitivity }
        if let problem = method.problem(of: model.name, textLayers: model.textLayers) {
            throw ValidationError("--" + problem)
        }
        if object != nil, settings.wording == nil {
            throw ValidationError("--object: \(method.rawValue) does not read: leave it out")
        }
        if let problem = settings.problem(layerCount: model.layerCount) { throw ValidationError("--" + problem) }
        return settings
    }
}

extension Method: ExpressibleByArgument {}
extension MethodSettings.Aggregation: ExpressibleByArgument {}
extension CLIPFSACSettings.Preset: ExpressibleByArgument {}
extension CLIPFSACSettings.Map: ExpressibleByArgument {}
extension FSACDescriptor: ExpressibleByArgument {}

extension Sensitivity: ExpressibleByArgument {
    package init?(argument: String) {
        guard let value = Double(argument) else { return nil }
        self.init(value)
    }

    package var defaultValueDescription: String { "\(value)" }
}
