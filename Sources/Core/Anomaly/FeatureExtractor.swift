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
        let backbone = model.makeBackbone(inputSize: inputSize, parallelism: parallelism)
        self.init(
            identity: BackboneIdentity(name: model.name, sha256: model.sha256, inputSize: inputSize),
            layerCount: model.layerCount
        ) { image, layers in
            backbone.features(of: model.preprocessing.input(from: image, size: inputSize), layers: layers)
        }
    }

    public func features(of image: Image, layers: [Int]) -> Features { extract(image, layers) }
}
