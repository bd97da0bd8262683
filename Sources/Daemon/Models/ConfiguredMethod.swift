public import Core

/// Why the configured backbone and method cannot be used.
public enum MethodError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file of a backbone that is there is damaged or cannot be read. The daemon runs and says INVALID.
    case weights(WeightsError)
    /// No such backbone: the configuration is wrong.
    case backbone(WeightsError)
    case inputSize(Int, backbone: String, multiple: Int)
    case settings(String)

    public var description: String {
        switch self {
        case .weights(let error): error.description
        case .backbone(let error): "configuration: recipe.backbone: \(error)"
        case .inputSize(let size, let backbone, let multiple):
            "configuration: recipe.input_size: expected a multiple of \(multiple) up to 1024 for \(backbone), got \(size)"
        case .settings(let problem): "configuration: recipe: \(problem)"
        }
    }
}

/// The backbone and method that the configuration asks for, with the weights loaded and verified.
public struct ConfiguredMethod: Sendable {
    public let backbone: BackboneModel
    public let inputSize: Int
    public let settings: PatchMemorySettings
    let computeThreads: Int

    public init(_ configuration: Configuration) throws(MethodError) {
        let recipe = configuration.recipe
        do {
            backbone = try BackboneModel.load(
                recipe.backbone, modelsDirectory: ModelsDirectory(path: configuration.modelsDirectory))
        } catch {
            switch error {
            case .unknownModel, .badName: throw .backbone(error)
            default: throw .weights(error)
            }
        }
        inputSize = recipe.inputSize
        computeThreads = configuration.computeThreads
        settings = PatchMemorySettings(
            layers: recipe.layers.isEmpty ? backbone.defaultLayers : recipe.layers,
            localAveraging: recipe.localAveraging, rotations: recipe.rotations, coresetBudget: recipe.coresetBudget,
            aggregation: recipe.aggregation == .maximum ? .maximum : .topPercent, smoothing: Float(recipe.smoothing),
            targetFalseRejectRate: recipe.targetFalseRejectRate)
        guard backbone.accepts(inputSize: inputSize) else {
            throw .inputSize(inputSize, backbone: backbone.name, multiple: backbone.inputMultiple)
        }
        if let problem = settings.problem(layerCount: backbone.layerCount) { throw .settings(problem) }
    }

    public var identity: BackboneIdentity {
        BackboneIdentity(name: backbone.name, sha256: backbone.sha256, inputSize: inputSize)
    }

    /// Of the models that ``fitter`` makes.
    public var kind: ModelKind { ModelKind(backbone: identity, settings: settings) }

    /// Fits beside inspection: with half of the threads, so that a part on the line does not wait for it.
    public var fitter: RefitService<FittedModel>.Fitter {
        let parallelism = Parallelism(threads: max(1, computeThreads / 2))
        return { [backbone, inputSize, settings] shots, progress, isCancelled in
            try FittedModel.fit(
                shots: shots, backbone: backbone, inputSize: inputSize, settings: settings, parallelism: parallelism,
                progress: progress, isCancelled: isCancelled)
        }
    }
}
