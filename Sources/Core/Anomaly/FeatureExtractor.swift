/// Which backbone, in which input size, a model was fitted with.
public struct BackboneIdentity: Codable, Sendable, Equatable {
    public var name: String
    /// SHA-256 of the weight file, in hexadecimal.
    public var sha256: String
    /// The side of the square input, in pixels.
    public var inputSize: Int

    public init(name: String, sha256: String, inputSize: Int) {
        self.name = name
        self.sha256 = sha256
        self.inputSize = inputSize
    }

    enum CodingKeys: String, CodingKey {
        case name, sha256
        case inputSize = "input_size"
    }
}

/// A backbone with its preprocessing: pictures in, features out. One thread uses it at a time.
public struct FeatureExtractor {
    public let identity: BackboneIdentity
    /// The layers that can be asked for are `1...layerCount`.
    public let layerCount: Int
    private let extract: (Image, [Int]) -> Features

    public init(
        identity: BackboneIdentity, layerCount: Int, extract: @escaping (_ image: Image, _ layers: [Int]) -> Features
    ) {
        self.identity = identity
        self.layerCount = layerCount
        self.extract = extract
    }

    /// - Precondition: `model.accepts(inputSize:)`.
    public init(_ model: BackboneModel, inputSize: Int, parallelism: Parallelism) {
        let parts = model.parts.map { ExtractorPart($0, inputSize: inputSize, parallelism: parallelism) }
        self.init(
            identity: BackboneIdentity(name: model.name, sha256: model.sha256, inputSize: inputSize),
            layerCount: model.layerCount
        ) { image, layers in
            var found: [Int: FeatureMap] = [:]
            var offset = 0
            for part in parts {
                for (layer, map) in part.layers(layers.map { $0 - offset }, of: image) { found[layer + offset] = map }
                offset += part.layerCount
            }
            return Features(layers: found)
        }
    }

    /// Nothing beyond the highest of `layers` is computed.
    public func features(of image: Image, layers: [Int]) -> Features { extract(image, layers) }
}

/// One of the backbones that an extractor runs.
private struct ExtractorPart {
    let layerCount: Int
    private let inputSize: Int
    private let preprocessing: Preprocessing
    private let backbone: any Backbone

    init(_ model: BackboneModel, inputSize: Int, parallelism: Parallelism) {
        layerCount = model.layerCount
        self.inputSize = model.inputSize(upTo: inputSize)
        preprocessing = model.preprocessing
        backbone = model.makeBackbone(inputSize: self.inputSize, parallelism: parallelism)
    }

    /// Those of `layers` that are this backbone's.
    func layers(_ layers: [Int], of image: Image) -> [Int: FeatureMap] {
        let own = layers.filter { (1...layerCount).contains($0) }
        guard !own.isEmpty else { return [:] }
        return backbone.features(of: preprocessing.input(from: image, size: inputSize), layers: own).layers
    }
}

/// One backbone at any input size: a fit may choose the size, and whoever judges makes the extractor that the model asks
/// for.
public struct ExtractorSource: Sendable {
    public let name: String
    /// SHA-256 of the weight file, in hexadecimal.
    public let sha256: String
    /// The layers that can be asked for are `1...layerCount`.
    public let layerCount: Int
    /// What is used when nothing else is asked for or chosen.
    public let defaultInputSize: Int
    public let defaultLayers: [Int]
    /// What `auto` combines, and the input size that it uses when none is asked for.
    public let stages: [FeatureStage]
    public let autoInputSize: Int
    private let isAccepted: @Sendable (Int) -> Bool
    private let make: @Sendable (Int) -> FeatureExtractor

    public init(
        name: String, sha256: String, layerCount: Int, defaultInputSize: Int, defaultLayers: [Int],
        stages: [FeatureStage] = [], autoInputSize: Int? = nil, accepts: @escaping @Sendable (_ inputSize: Int) -> Bool,
        make: @escaping @Sendable (_ inputSize: Int) -> FeatureExtractor
    ) {
        self.name = name
        self.sha256 = sha256
        self.layerCount = layerCount
        self.defaultInputSize = defaultInputSize
        self.defaultLayers = defaultLayers
        self.stages = stages.isEmpty ? defaultLayers.map { FeatureStage(layer: $0) } : stages
        self.autoInputSize = autoInputSize ?? defaultInputSize
        isAccepted = accepts
        self.make = make
    }

    public init(_ model: BackboneModel, parallelism: Parallelism) {
        self.init(
            name: model.name, sha256: model.sha256, layerCount: model.layerCount,
            defaultInputSize: model.defaultInputSize, defaultLayers: model.defaultLayers,
            stages: model.stages, autoInputSize: model.autoInputSize, accepts: model.accepts(inputSize:)
        ) { FeatureExtractor(model, inputSize: $0, parallelism: parallelism) }
    }

    public func accepts(inputSize: Int) -> Bool { isAccepted(inputSize) }

    /// - Precondition: `accepts(inputSize:)`.
    public func extractor(inputSize: Int) -> FeatureExtractor {
        precondition(accepts(inputSize: inputSize), "\(name): input size \(inputSize)")
        return make(inputSize)
    }

    /// Whether a model's features can be computed: it was fitted with these weights, at a size and with layers that there are.
    public func serves(_ model: FittedModel) -> Bool {
        model.backbone.sha256 == sha256 && accepts(inputSize: model.backbone.inputSize)
            && model.layers.allSatisfy { $0 <= layerCount }
    }
}
