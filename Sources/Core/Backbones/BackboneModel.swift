internal import Crypto

/// A backbone whose weights are loaded, verified and laid out for computing; immutable, shared by all threads.
///
/// Several may be joined into one, `dinov2-small+efficientnet-lite0`: each looks at the picture in its own way, and the layers
/// are numbered through in the order of the names.
public struct BackboneModel: Sendable {
    private enum Network: Sendable {
        case efficientNet(EfficientNetWeights)
        case visionTransformer(VisionTransformerWeights)
        case joined([BackboneModel])
    }

    public let name: String
    /// SHA-256 of the weight file; of joined backbones, the SHA-256 of theirs.
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
    /// What `auto` combines (docs/accuracy.md).
    public let stages: [FeatureStage]
    /// As ``stages``, when other backbones are joined to it: fewer of them do.
    private let stagesBesideOthers: [FeatureStage]
    /// The input size that `auto` uses when none is asked for, in pixels.
    public let autoInputSize: Int
    private let network: Network

    /// - Parameters:
    ///   - reference: a name in `modelsDirectory`, several joined by `+`, or a weight file or folder; see
    ///     ``ModelWeights/load(_:modelsDirectory:)``.
    /// - Throws: `WeightsError` when the weights are missing, damaged, or not of a known architecture.
    public static func load(
        _ reference: String, modelsDirectory: ModelsDirectory
    ) throws(WeightsError) -> BackboneModel {
        guard reference.contains("+"), !reference.contains("/") else {
            return try BackboneModel(try ModelWeights.load(reference, modelsDirectory: modelsDirectory))
        }
        var parts: [BackboneModel] = []
        for name in reference.split(separator: "+", omittingEmptySubsequences: false) {
            parts.append(try load(String(name), modelsDirectory: modelsDirectory))
        }
        return BackboneModel(joining: parts)
    }

    /// - Precondition: two parts or more.
    package init(joining parts: [BackboneModel]) {
        precondition(parts.count > 1, "joined backbones: \(parts.count)")
        let first = parts[0]
        let offsets = parts.indices.map { parts[..<$0].map(\.layerCount).reduce(0, +) }
        name = parts.map(\.name).joined(separator: "+")
        sha256 = hexadecimal(SHA256.hash(data: Array(parts.map(\.sha256).joined().utf8)))
        preprocessing = first.preprocessing
        inputMultiple = first.inputMultiple
        layerCount = parts.map(\.layerCount).reduce(0, +)
        defaultInputSize = first.autoInputSize
        autoInputSize = first.autoInputSize
        defaultLayers = zip(parts, offsets).flatMap { part, offset in part.defaultLayers.map { $0 + offset } }
        stages = zip(parts, offsets).flatMap { part, offset in part.stagesBesideOthers.map { $0.shifted(by: offset) } }
        stagesBesideOthers = stages
        network = .joined(parts)
    }

    /// Whether it is several in one; then it has no embedding of its own.
    public var isJoined: Bool { parts.count > 1 }

    /// The backbones that it is made of, itself if it is not joined.
    package var parts: [BackboneModel] {
        if case .joined(let parts) = network { parts } else { [self] }
    }

    init(_ weights: ModelWeights) throws(WeightsError) {
        name = weights.sidecar.name
        sha256 = weights.sidecar.sha256
        preprocessing = weights.sidecar.preprocessing
        inputMultiple = weights.sidecar.inputMultiple
        switch weights.sidecar.architecture {
        case .clip, .aaClipAdapters:
            throw .unknownArchitecture(file: weights.path, known: WeightArchitecture.fixed.map(\.rawValue))
        case .efficientNetLite0:
            let network = try EfficientNetWeights(weights.scope, .lite0)
            layerCount = network.stageCount
            defaultInputSize = 320
            autoInputSize = 320
            defaultLayers = [5]
            stages = [4, 5].map { FeatureStage(layer: $0) } + [FeatureStage(layer: 5, localAveraging: true)]
            stagesBesideOthers = [FeatureStage(layer: 4), FeatureStage(layer: 5, localAveraging: true)]
            self.network = .efficientNet(network)
        case .dinoV2Small:
            let network = try VisionTransformerWeights(dinov2: weights.scope, .dinov2Small)
            layerCount = network.layerCount
            defaultInputSize = 224
            autoInputSize = 322
            defaultLayers = [6]
            stages = [4, 6].map { FeatureStage(layer: $0) } + [FeatureStage(layer: 6, localAveraging: true)]
            stagesBesideOthers = [4, 6].map { FeatureStage(layer: $0) }
            self.network = .visionTransformer(network)
        }
    }

    /// Whether pictures can be given to the network at this size, `[3, inputSize, inputSize]`.
    public func accepts(inputSize: Int) -> Bool {
        (inputMultiple...1024).contains(inputSize) && inputSize % inputMultiple == 0
    }

    /// The input size of a part of a joined backbone whose input size is `limit`: the largest that the part can take.
    func inputSize(upTo limit: Int) -> Int { max(limit / inputMultiple, 1) * inputMultiple }

    /// A backbone for one input size, with its own scratch memory.
    ///
    /// - Precondition: `accepts(inputSize:)`; it is not joined.
    public func makeBackbone(inputSize: Int, parallelism: Parallelism) -> any Backbone {
        precondition(accepts(inputSize: inputSize), "\(name): input size \(inputSize)")
        switch network {
        case .efficientNet(let weights):
            return EfficientNet(weights, inputSize: inputSize, parallelism: parallelism)
        case .visionTransformer(let weights):
            return VisionTransformer(weights, inputSize: inputSize, parallelism: parallelism)
        case .joined:
            preconditionFailure("\(name): one backbone of several")
        }
    }
}

/// Features as one component of `auto` compares them: a layer, as it is or averaged over each patch's neighbours.
public struct FeatureStage: Codable, Sendable, Equatable {
    /// In `1...layerCount`.
    public var layer: Int
    /// Whether a feature is averaged with its neighbours in the 3 x 3 window: defects smaller than that get lost, noise, too.
    public var localAveraging: Bool

    public init(layer: Int, localAveraging: Bool = false) {
        self.layer = layer
        self.localAveraging = localAveraging
    }

    func shifted(by offset: Int) -> FeatureStage { FeatureStage(layer: layer + offset, localAveraging: localAveraging) }

    enum CodingKeys: String, CodingKey {
        case layer
        case localAveraging = "local_averaging"
    }
}
