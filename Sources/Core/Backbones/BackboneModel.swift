/// A backbone whose weights are loaded, verified and laid out for computing; immutable, shared by all threads.
public struct BackboneModel: Sendable {
    private enum Network: Sendable {
        case efficientNet(EfficientNetWeights)
        case visionTransformer(VisionTransformerWeights)
    }

    public let name: String
    /// SHA-256 of the weight file.
    public let sha256: String
    public let preprocessing: Preprocessing
    /// The side of the input must be a multiple of this, in pixels.
    public let inputMultiple: Int
    /// The layers that can be asked for are `1...layerCount`.
    public let layerCount: Int
    /// The input size to use when none is asked for, in pixels.
    public let defaultInputSize: Int
    /// The layers whose patches tell good parts from bad ones best (docs/accuracy.md).
    public let defaultLayers: [Int]
    private let network: Network

    /// - Parameters:
    ///   - reference: a name in `modelsDirectory`, or a weight file or folder; see ``ModelWeights/load(_:modelsDirectory:)``.
    /// - Throws: `WeightsError` when the weights are missing, damaged, or not of a known architecture.
    public static func load(
        _ reference: String, modelsDirectory: ModelsDirectory
    ) throws(WeightsError) -> BackboneModel {
        try BackboneModel(try ModelWeights.load(reference, modelsDirectory: modelsDirectory))
    }

    init(_ weights: ModelWeights) throws(WeightsError) {
        name = weights.sidecar.name
        sha256 = weights.sidecar.sha256
        preprocessing = weights.sidecar.preprocessing
        inputMultiple = weights.sidecar.inputMultiple
        switch weights.sidecar.architecture {
        case .efficientNetLite0:
            let network = try EfficientNetWeights(weights.scope, .lite0)
            layerCount = network.stageCount
            defaultInputSize = 320
            defaultLayers = [5]
            self.network = .efficientNet(network)
        case .dinoV2Small:
            let network = try VisionTransformerWeights(dinov2: weights.scope, .dinov2Small)
            layerCount = network.configuration.depth
            defaultInputSize = 224
            defaultLayers = [6]
            self.network = .visionTransformer(network)
        }
    }

    /// Whether pictures can be given to the network at this size, `[3, inputSize, inputSize]`.
    public func accepts(inputSize: Int) -> Bool {
        (inputMultiple...1024).contains(inputSize) && inputSize % inputMultiple == 0
    }

    /// A backbone for one input size, with its own scratch memory.
    ///
    /// - Precondition: `accepts(inputSize:)`.
    public func makeBackbone(inputSize: Int, parallelism: Parallelism) -> any Backbone {
        precondition(accepts(inputSize: inputSize), "\(name): input size \(inputSize)")
        switch network {
        case .efficientNet(let weights):
            return EfficientNet(weights, inputSize: inputSize, parallelism: parallelism)
        case .visionTransformer(let weights):
            return VisionTransformer(weights, inputSize: inputSize, parallelism: parallelism)
        }
    }
}
