import Platform

/// A backbone whose weights are loaded, verified and laid out for computing; immutable, shared by all threads.
///
/// Several may be joined into one, `dinov2-small+efficientnet-lite0`: each looks at the picture in its own way, and the layers
/// are numbered through in the order of the names.
///
/// A class, so that it is known when nobody uses its weights any more.
package final class BackboneModel: Sendable {
    private enum Network: Sendable {
        case efficientNet(EfficientNetWeights)
        case visionTransformer(VisionTransformerWeights)
        case adapted(VisionTransformerWeights, AAClipAdapters)
        case joined([BackboneModel])
    }

    package let name: String
    /// SHA-256 of the weight file; of joined backbones, the SHA-256 of theirs.
    package let sha256: String
    package let preprocessing: Preprocessing
    /// The side of the input must be a multiple of this, in pixels.
    package let inputMultiple: Int
    /// The layers that can be asked for are `1...layerCount`.
    package let layerCount: Int
    /// The input size to use when none is asked for, in pixels.
    package let defaultInputSize: Int
    /// The layers whose patches tell good parts from bad ones best (docs/accuracy.md).
    package let defaultLayers: [Int]
    /// What `auto` combines (docs/accuracy.md).
    package let stages: [FeatureStage]
    /// What `auto` compares in fine views (docs/accuracy.md); none of a CLIP, whose positions were trained for one size.
    package let fineStages: [FeatureStage]
    /// The side of a token of a fine view in the network's input, in pixels; of joined ones each member has its own.
    package let tokenSide: Int
    /// As ``stages``, when other backbones are joined to it: fewer of them do.
    private let stagesBesideOthers: [FeatureStage]
    /// The input size that `auto` uses when none is asked for, in pixels.
    package let autoInputSize: Int
    /// The layers whose patch tokens lie in the space of the text; none when the backbone does not read.
    package let textLayers: [Int]
    private let network: Network
    private let textTower: TextTower?
    /// Where the text tower of a CLIP is read from each time that sentences are embedded, which is seldom: its weights are as
    /// many as those of a small image tower.
    private struct TextTower {
        let reference: String
        let modelsDirectory: ModelsDirectory
        let configuration: CLIPConfiguration
        /// SHA-256 of the weights.
        let sha256: String
        let adapters: AAClipAdapters?
    }

    /// - Parameters:
    ///   - reference: a name in `modelsDirectory`, several joined by `+`, or a weight file or folder; see
    ///     ``ModelWeights/load(_:modelsDirectory:towers:)``. `CLIPNAME@ADAPTERS` is a CLIP with AA-CLIP's adapters.
    /// - Throws: `WeightsError` when the weights are missing, damaged, or not of a known architecture.
    package static func load(
        _ reference: String, modelsDirectory: ModelsDirectory, precision: Precision = .float32
    ) throws(WeightsError) -> BackboneModel {
        guard reference.contains("+"), !reference.contains("/") else {
            guard let names = AAClipAdapters.names(in: reference) else {
                let weights = try ModelWeights.load(reference, modelsDirectory: modelsDirectory, towers: .image)
                return try BackboneModel(weights, reference, modelsDirectory, precision: precision)
            }
            let adapters = try NamedAdapters(names.adapters, in: modelsDirectory)
            let weights = try ModelWeights.load(names.clip, modelsDirectory: modelsDirectory, towers: .image)
            return try BackboneModel(weights, names.clip, modelsDirectory, adapters)
        }
        var members: [BackboneModel] = []
        for name in reference.split(separator: "+", omittingEmptySubsequences: false) {
            members.append(try load(String(name), modelsDirectory: modelsDirectory, precision: precision))
        }
        return BackboneModel(joining: members)
    }

    /// - Precondition: two members or more.
    package init(joining members: [BackboneModel]) {
        precondition(members.count > 1, "joined backbones: \(members.count)")
        let first = members[0]
        let offsets = members.indices.map { members[..<$0].map(\.layerCount).reduce(0, +) }
        name = members.map(\.name).joined(separator: "+")
        sha256 = hexadecimal(SHA256.digest(of: members.map(\.sha256).joined().utf8))
        preprocessing = first.preprocessing
        inputMultiple = first.inputMultiple
        layerCount = members.map(\.layerCount).reduce(0, +)
        defaultInputSize = first.autoInputSize
        autoInputSize = first.autoInputSize
        defaultLayers = zip(members, offsets).flatMap { member, offset in member.defaultLayers.map { $0 + offset } }
        stages = zip(members, offsets).flatMap { member, offset in
            member.stagesBesideOthers.map { $0.shifted(by: offset) }
        }
        stagesBesideOthers = stages
        fineStages = zip(members, offsets).flatMap { member, offset in
            member.fineStages.map { $0.shifted(by: offset) }
        }
        tokenSide = first.tokenSide
        let reader = members.firstIndex { $0.readsText }
        textLayers = reader.map { index in members[index].textLayers.map { $0 + offsets[index] } } ?? []
        network = .joined(members)
        textTower = nil
    }

    /// In what some of its layers are computed; nil = all in single precision.
    package var reducedPrecision: ReducedPrecision? {
        switch network {
        case .visionTransformer(let weights): weights.encoder.isInIntegers ? .int8 : nil
        case .efficientNet(let weights): weights.isInIntegers ? .int16 : nil
        case .joined(let members):
            members.compactMap(\.reducedPrecision).reduce(nil) { $0 == nil || $0 == $1 ? $1 : .int8And16 }
        case .adapted: nil
        }
    }

    /// Whether it is several in one; then it has no embedding of its own.
    package var isJoined: Bool { members.count > 1 }

    /// The backbones that it is made of, itself if it is not joined.
    package var members: [BackboneModel] {
        if case .joined(let members) = network { members } else { [self] }
    }

    /// - Parameters:
    ///   - reference, modelsDirectory: where the weights come from, and a text tower will.
    ///   - precision: asks nothing of CLIPs: what is wanted of them may need the way back, which is in single precision.
    private init(
        _ weights: ModelWeights, _ reference: String, _ modelsDirectory: ModelsDirectory,
        _ adapters: NamedAdapters? = nil, precision: Precision = .float32
    ) throws(WeightsError) {
        let clip = try adapters?.configuration(of: weights) ?? weights.sidecar.clip
        let uses: Uses
        switch weights.sidecar.architecture {
        case .efficientNetLite0:
            let network = try EfficientNetWeights(weights.scope, .lite0, inIntegers: precision.isReduced)
            self.network = .efficientNet(network)
            layerCount = network.stageCount
            uses = Uses(
                inputSize: 320, autoInputSize: 320, layer: 5, stages: [4, 5],
                besideOthers: [FeatureStage(layer: 4), FeatureStage(layer: 5, localAveraging: true)],
                fine: [FeatureStage(layer: 4), FeatureStage(layer: 5, localAveraging: true)], tokenSide: 16)
        case .dinoV2Small:
            let network = try VisionTransformerWeights(
                dinov2: weights.scope, .dinov2Small, inIntegers: precision.isReduced)
            self.network = .visionTransformer(network)
            layerCount = network.layerCount
            uses = Uses(
                inputSize: 224, autoInputSize: 322, layer: 6, stages: [4, 6],
                fine: [FeatureStage(layer: 4), FeatureStage(layer: 6)], tokenSide: 14)
        case .fsacViTSmall:
            let network = try VisionTransformerWeights(
                dinov2: weights.scope, .fsacSmall, inIntegers: precision.isReduced)
            self.network = .visionTransformer(network)
            layerCount = network.layerCount
            uses = Uses(
                inputSize: 322, autoInputSize: 322, layer: 8, stages: [6, 8],
                fine: [FeatureStage(layer: 4), FeatureStage(layer: 6)], tokenSide: 14)
        case .clip:
            guard let clip else {
                throw .malformed(file: weights.path, section: "sidecar", expected: "a CLIP's sizes", got: "none")
            }
            let network = try VisionTransformerWeights(clip: weights.scope, clip)
            self.network = adapters.map { .adapted(network, $0.adapters) } ?? .visionTransformer(network)
            layerCount = clip.image.depth + (adapters?.adapters.configuration.levels ?? 1)
            let (size, depth) = (adapters?.inputSize(for: clip) ?? clip.image.size, clip.image.depth)
            uses = Uses(
                inputSize: size, autoInputSize: size, layer: max(depth / 2, 1),
                stages: Set([max(depth / 3, 1), max(depth / 2, 1)]).sorted())
        case .aaClipAdapters:
            throw .malformed(
                file: weights.path, section: "architecture",
                expected: "a backbone; adapters are named after it, CLIPNAME@NAME",
                got: weights.sidecar.architecture.rawValue)
        }
        name = weights.sidecar.name + (adapters.map { "@" + $0.name } ?? "")
        sha256 = adapters?.sha256(with: weights.sidecar.sha256) ?? weights.sidecar.sha256
        preprocessing = weights.sidecar.preprocessing
        inputMultiple = weights.sidecar.inputMultiple
        defaultInputSize = uses.inputSize
        autoInputSize = uses.autoInputSize
        defaultLayers = [uses.layer]
        stages = uses.stages.map { FeatureStage(layer: $0) } + [FeatureStage(layer: uses.layer, localAveraging: true)]
        fineStages = uses.fine
        tokenSide = uses.tokenSide
        stagesBesideOthers = uses.besideOthers ?? uses.stages.map { FeatureStage(layer: $0) }
        textLayers = clip.map { [layerCount] in Array($0.image.depth + 1...layerCount) } ?? []
        textTower = clip.map {
            TextTower(
                reference: reference, modelsDirectory: modelsDirectory, configuration: $0,
                sha256: weights.sidecar.sha256, adapters: adapters?.adapters)
        }
    }

    /// How a backbone is used when nobody says otherwise (docs/accuracy.md).
    private struct Uses {
        var inputSize: Int
        var autoInputSize: Int
        /// The layer whose patches tell good parts from bad ones best.
        var layer: Int
        /// The layers that `auto` combines, and then `layer` averaged locally.
        var stages: [Int]
        /// Nil: the same without the average.
        var besideOthers: [FeatureStage]?
        var fine: [FeatureStage] = []
        /// With maps of stride 16, or patches of 14 pixels.
        var tokenSide = 16
    }

    /// Whether it has a text tower, too; joined backbones, whether one of them has.
    package var readsText: Bool { !textLayers.isEmpty }

    /// What the text tower says of sentences. It is read for this and not kept.
    ///
    /// - Parameter progress: called with the share that is done.
    /// - Returns: `[sentences, C]`, not normalised.
    /// - Throws: `WeightsError` when weights or vocabulary are missing, damaged or no longer those that were loaded.
    /// - Precondition: `readsText`.
    package func textEmbeddings(
        of sentences: [String], parallelism: Parallelism, progress: (Double) -> Void = { _ in }
    ) throws(WeightsError) -> Matrix {
        try textReader(parallelism)(sentences, progress)
    }

    /// From sentences, and what is told the share that is done, to their embeddings: ``textEmbeddings(of:parallelism:progress:)``
    /// for several lots of sentences. The tower is read once, and gone with what is returned.
    package func textReader(
        _ parallelism: Parallelism
    ) throws(WeightsError) -> (_ sentences: [String], _ progress: (Double) -> Void) -> Matrix {
        guard let textTower else {
            guard isJoined, let reader = members.first(where: \.readsText) else {
                preconditionFailure("\(name): no text tower")
            }
            return try reader.textReader(parallelism)
        }
        let weights = try ModelWeights.load(
            textTower.reference, modelsDirectory: textTower.modelsDirectory, towers: .text)
        guard weights.sidecar.sha256 == textTower.sha256 else {
            throw .wrongDigest(file: weights.path, expected: textTower.sha256, got: weights.sidecar.sha256)
        }
        guard let vocabulary = weights.vocabulary else {
            throw .malformed(file: weights.path, section: "vocabulary", expected: "one beside the weights", got: "none")
        }
        let tokenizer = BytePairTokenizer(vocabulary)
        let length = textTower.configuration.text.contextLength
        let tower = TextTransformer(
            try CLIPTextWeights(weights.scope, textTower.configuration), parallelism: parallelism)
        let adapted = textTower.adapters.flatMap { AAClipTextTower(tower, $0, parallelism) }
        return { sentences, progress in
            let tokens = sentences.map { tokenizer.tokens(of: $0, contextLength: length) }
            return adapted?.embeddings(of: tokens, progress: progress)
                ?? tower.embeddings(of: tokens, progress: progress)
        }
    }

    /// Whether pictures can be given to the network at this size, `[3, inputSize, inputSize]`.
    package func accepts(inputSize: Int) -> Bool {
        (inputMultiple...1024).contains(inputSize) && inputSize % inputMultiple == 0
    }

    /// The input size of a member of a joined backbone whose input size is `limit`: the largest that it can take, and of a
    /// CLIP no larger than what its positions were trained on.
    package func inputSize(upTo limit: Int) -> Int {
        let limit = readsText ? min(limit, defaultInputSize) : limit
        return max(limit / inputMultiple, 1) * inputMultiple
    }

    /// A backbone for one square input size, with its own scratch memory.
    ///
    /// - Precondition: `accepts(inputSize:)`; it is not joined.
    package func makeBackbone(inputSize: Int, parallelism: Parallelism) -> any Backbone {
        precondition(accepts(inputSize: inputSize), "\(name): input size \(inputSize)")
        return makeBackbone(input: PixelSize(square: inputSize), parallelism: parallelism)
    }

    /// A backbone for inputs of one size, square or not, with its own scratch memory.
    ///
    /// - Precondition: it is not joined; of a transformer, both sides are multiples of its patches'.
    package func makeBackbone(input: PixelSize, parallelism: Parallelism) -> any Backbone {
        switch network {
        case .efficientNet(let weights):
            return EfficientNet(weights, input: input, parallelism: parallelism)
        case .visionTransformer(let weights):
            return VisionTransformer(weights, input: input, parallelism: parallelism)
        case .adapted(let weights, let adapters):
            return AAClipImageTower(VisionTransformer(weights, input: input, parallelism: parallelism), adapters)
        case .joined:
            preconditionFailure("\(name): one backbone of several")
        }
    }
}

// MARK: Weights that are none

extension BackboneModel {
    /// Computes features of two made-up pictures, of a CLIP also of two sentences: weights can be well-formed and finite and still
    /// be none that were trained.
    ///
    /// - Throws: `dead`.
    static func checkLiveness(of weights: ModelWeights) throws(WeightsError) {
        // What adapters change is told by the fit with them.
        guard weights.sidecar.architecture != .aaClipAdapters else { return }
        let model = try BackboneModel(weights, weights.path, ModelsDirectory(path: ""))
        let backbone = model.makeBackbone(inputSize: model.defaultInputSize, parallelism: .serial)
        let request = FeatureRequest(layers: Array(1...model.layerCount), finalTokens: true)
        func features(_ image: Image) -> Features {
            backbone.features(of: model.preprocessing.input(from: image, size: model.defaultInputSize), request)
        }
        if let deadness = features(.golden).deadness(besides: features(Image.golden.negative)) {
            throw .dead(file: weights.path, deadness)
        }
        guard let clip = weights.sidecar.clip, let vocabulary = weights.vocabulary else { return }
        let tokenizer = BytePairTokenizer(vocabulary)
        let tokens = ["a", "the"].map { tokenizer.tokens(of: $0, contextLength: clip.text.contextLength) }
        let tower = TextTransformer(try CLIPTextWeights(weights.scope, clip), parallelism: .serial)
        let embeddings = tower.embeddings(of: tokens)
        guard embeddings.values.allSatisfy(\.isFinite), embeddings.row(0) != embeddings.row(1) else {
            throw .dead(file: weights.path, "the same of every sentence")
        }
    }
}

/// Features as one component of `auto` compares them: a layer, as it is or averaged over each patch's neighbours.
package struct FeatureStage: Codable, Sendable, Equatable {
    /// In `1...layerCount`.
    package var layer: Int
    /// Whether a feature is averaged with its neighbours in the 3 x 3 window: defects smaller than that get lost, noise, too.
    package var localAveraging: Bool

    package init(layer: Int, localAveraging: Bool = false) {
        self.layer = layer
        self.localAveraging = localAveraging
    }

    func shifted(by offset: Int) -> FeatureStage { FeatureStage(layer: layer + offset, localAveraging: localAveraging) }

    enum CodingKeys: String, CodingKey {
        case layer
        case localAveraging = "local_averaging"
    }
}
