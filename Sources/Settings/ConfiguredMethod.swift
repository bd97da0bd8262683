package import Core
import Synchronization

/// Why the configured backbone and method cannot be used. A start ends with exit code 78, but for `weights`; a reload
/// is refused.
package enum MethodError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file of a backbone that is there is damaged or cannot be read. The daemon runs and says INVALID.
    case weights(WeightsError)
    /// No such backbone: the configuration is wrong.
    case backbone(recipe: String, WeightsError)
    /// Not a size that the backbone computes.
    case inputSize(recipe: String, Int, backbone: String, multiple: Int)
    /// Method, layers and backbone do not go together; in words.
    case settings(recipe: String, String)

    package var description: String {
        switch self {
        case .weights(let error): error.description
        case .backbone(let recipe, let error): "configuration: recipe \(recipe): backbone: \(error)"
        case .inputSize(let recipe, let size, let backbone, let multiple):
            "configuration: recipe \(recipe): input_size: expected a multiple of \(multiple) up to 1024 for \(backbone), got \(size)"
        case .settings(let recipe, let problem): "configuration: recipe \(recipe): \(problem)"
        }
    }
}

/// Loads each backbone's weights once, for all recipes that name it: a fit and the line share them. It keeps none that nobody
/// uses any more, as after a recipe that was refused or removed.
package final class BackboneShelf: Sendable {
    private let directory: ModelsDirectory
    private let precision: Precision
    /// Where the embeddings of texts are kept.
    package let textCache: TextAnchorCache
    private let models = Mutex<[String: Loaded]>([:])

    private struct Loaded {
        weak var model: BackboneModel?
    }

    package init(modelsDirectory: String, stateDirectory: String, precision: Precision) {
        self.precision = precision
        directory = ModelsDirectory(path: modelsDirectory)
        textCache = TextAnchorCache(directory: stateDirectory + "/text-anchors")
    }

    /// Blocks while weights are read and hashed, for seconds, and so does everybody else who asks meanwhile: not for
    /// the cooperative pool. What failed is not remembered: a reload reads repaired weights.
    func model(_ reference: String) throws(WeightsError) -> BackboneModel {
        try models.withLock { models throws(WeightsError) in
            if let model = models[reference]?.model { return model }
            let model = try BackboneModel.load(reference, modelsDirectory: directory, precision: precision)
            models[reference] = Loaded(model: model)
            return model
        }
    }
}

/// The backbone and method that a recipe asks for, with the weights loaded and verified. A value, used on any thread;
/// what computes with it is made of it on the thread that computes.
package struct ConfiguredMethod: Sendable {
    package let backbone: BackboneModel
    package let settings: MethodSettings
    /// Of an inspection.
    package let computeThreads: Int
    package let textCache: TextAnchorCache

    /// Blocks as the shelf does.
    package init(
        _ table: Configuration.RecipeSettings, computeThreads: Int, shelf: BackboneShelf
    ) throws(MethodError) {
        // First of all, for defaults and limits of the settings are the backbone's.
        do {
            backbone = try shelf.model(table.backbone)
        } catch {
            switch error {
            case .unknownModel, .badName: throw .backbone(recipe: table.name, error)
            default: throw .weights(error)
            }
        }
        self.computeThreads = computeThreads
        textCache = shelf.textCache
        settings = table.settings.withDefaults(
            inputSize: backbone.defaultInputSize, layers: backbone.defaultLayers, textLayers: backbone.textLayers)
        if let problem = settings.method.definition.problem(of: backbone.name, textLayers: backbone.textLayers) {
            throw .settings(recipe: table.name, problem)
        }
        if let inputSize = settings.inputSize, !backbone.accepts(inputSize: inputSize) {
            throw .inputSize(recipe: table.name, inputSize, backbone: backbone.name, multiple: backbone.inputMultiple)
        }
        if let problem = settings.problem(layerCount: backbone.layerCount) {
            throw .settings(recipe: table.name, problem)
        }
    }
}

extension Configuration {
    /// Whether a daemon could start with this, as far as can be told without touching anything.
    ///
    /// - Throws: ``MethodError``.
    package func check() throws(MethodError) {
        // A shelf of its own: weights of a check are let go of. Texts are not embedded, so nothing is written.
        let shelf = BackboneShelf(
            modelsDirectory: modelsDirectory, stateDirectory: stateDirectory, precision: precision)
        for table in recipes { _ = try ConfiguredMethod(table, computeThreads: computeThreads, shelf: shelf) }
    }
}

extension Configuration.RecipeSettings {
    /// What is asked of the method.
    package var settings: MethodSettings {
        MethodSettings(
            method: method, layers: layers, inputSize: inputSize == 0 ? nil : inputSize, smoothing: Float(smoothing),
            sensitivity: Sensitivity(sensitivity) ?? .balanced, wording: wording, area: area)
    }
}
