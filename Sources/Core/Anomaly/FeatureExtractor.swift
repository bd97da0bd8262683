/// Which backbone, in which input size, a model was fitted with.
package struct BackboneIdentity: Codable, Sendable, Equatable {
    package var name: String
    /// SHA-256 of the weight file, in hexadecimal.
    package var sha256: String
    /// The side of the square input, in pixels.
    package var inputSize: Int
    /// In what some of its layers are computed; nil = all in single precision, as before there was another.
    package var precision: ReducedPrecision?

    package init(name: String, sha256: String, inputSize: Int, precision: ReducedPrecision? = nil) {
        self.name = name
        self.sha256 = sha256
        self.inputSize = inputSize
        self.precision = precision
    }

    enum CodingKeys: String, CodingKey {
        case name, sha256, precision
        case inputSize = "input_size"
    }
}

extension BackboneModel {
    package func identity(inputSize: Int) -> BackboneIdentity {
        BackboneIdentity(name: name, sha256: sha256, inputSize: inputSize, precision: reducedPrecision)
    }
}

/// A backbone with its preprocessing: pictures in, features out. One thread uses it at a time.
package struct FeatureExtractor {
    /// From the embedding of a picture, `[C]`, to the derivatives of a score by it, `[C]`.
    package typealias ScoreGradient = (_ embedding: [Float]) -> [Float]
    /// From a picture, where a fine view lies in it, the view's grid and layers to the layers' maps; of some patches alone, or (nil)
    /// of all, see ``FeatureRequest/patches``.
    package typealias Look = (Image, PartPlacement, PatchGrid, _ layers: [Int], _ patches: [Int]?) -> [Int: FeatureMap]

    package let identity: BackboneIdentity
    /// The layers that can be asked for are `1...layerCount`.
    package let layerCount: Int
    /// What `auto` compares in fine views; none when there are no such views of its backbone.
    package let fineStages: [FeatureStage]
    private let extract: (Image, FeatureRequest, ScoreGradient?) -> Features
    private let look: Look

    /// - Parameter look: of fine views, for those of `fineStages`.
    package init(
        identity: BackboneIdentity, layerCount: Int, fineStages: [FeatureStage] = [],
        look: @escaping Look = { _, _, _, _, _ in [:] },
        extract: @escaping (_ image: Image, _ request: FeatureRequest, _ scoreGradient: ScoreGradient?) -> Features
    ) {
        self.identity = identity
        self.layerCount = layerCount
        self.fineStages = fineStages
        self.look = look
        self.extract = extract
    }

    /// - Precondition: `model.accepts(inputSize:)`.
    package init(_ model: BackboneModel, inputSize: Int, parallelism: Parallelism) {
        let members = model.members.map { member in
            ExtractorMember(
                member, inputSize: model.isJoined ? member.inputSize(upTo: inputSize) : inputSize,
                parallelism: parallelism)
        }
        // One of joined backbones speaks for the whole picture.
        let embedder = model.members.firstIndex(where: \.readsText) ?? 0
        self.init(
            identity: model.identity(inputSize: inputSize),
            layerCount: model.layerCount, fineStages: model.fineStages,
            look: { image, placement, grid, layers, patches in
                var maps: [Int: FeatureMap] = [:]
                var offset = 0
                for member in members {
                    let own = layers.map { $0 - offset }.filter { (1...member.layerCount).contains($0) }
                    for (layer, map) in member.maps(of: image, at: placement, grid, layers: own, patches) {
                        maps[layer + offset] = map
                    }
                    offset += member.layerCount
                }
                return maps
            }
        ) { image, request, scoreGradient in
            guard members.count > 1 else { return members[0].features(of: image, request, scoreGradient) }
            var layers: [Int: FeatureMap] = [:]
            var whole = Features(layers: [:])
            var offset = 0
            for (index, member) in members.enumerated() {
                defer { offset += member.layerCount }
                let isEmbedder = index == embedder
                let own = member.request(request, offset: offset, withWhole: isEmbedder)
                guard own != FeatureRequest() else { continue }
                let features = member.features(of: image, own, isEmbedder ? scoreGradient : nil)
                for (layer, map) in features.layers { layers[layer + offset] = map }
                if isEmbedder { whole = features }
            }
            return Features(
                classToken: whole.classToken, layers: layers, windows: whole.windows, saliency: whole.saliency)
        }
    }

    /// - Parameter scoreGradient: asks for the features' `saliency`, too; of a ``DifferentiableBackbone``, with the final
    ///   tokens.
    package func features(
        of image: Image, _ request: FeatureRequest, scoreGradient: ScoreGradient? = nil
    ) -> Features {
        extract(image, request, scoreGradient)
    }

    /// What a fine view shows of a picture.
    ///
    /// - Parameters:
    ///   - placement: where it lies in the picture.
    ///   - area: what counts in frames of the size `frame`.
    private func features(
        of image: Image, _ view: FineView, at placement: PartPlacement, _ area: InspectionArea, frame: PixelSize
    ) -> FineFeatures {
        let place = ViewPlacement(placement.inPicture(x:y:))
        let mask = PatchMask(area, frame: frame, grid: view.grid, placement: place)
        let isAll = mask.isAll || mask.isEmpty || view.leavesOutIgnored != true
        return FineFeatures(
            placement: place,
            layers: look(image, placement, view.grid, view.layers, isAll ? nil : mask.patches))
    }

    /// What several fine views show of a picture; nil when a part that one of them shows is not found.
    ///
    /// - Parameters:
    ///   - area: what counts in frames of the size `frame`.
    ///   - degrees: by which the views are turned.
    package func features(
        of image: Image, _ views: [FineView], in area: InspectionArea = .wholeFrame,
        frame: PixelSize = PixelSize(square: 1), turned degrees: Double = 0
    ) -> [FineFeatures]? {
        // Views of one region have one placement: finding a part is not free.
        guard let region = views.first?.region else { return [] }
        guard let placement = region.placement(in: image) else { return nil }
        return views.map { features(of: image, $0, at: placement.turned(byDegrees: degrees), area, frame: frame) }
    }

    /// The same, with all that it computes going through others.
    func replacing(
        look: (_ own: @escaping Look) -> Look, extract: @escaping (Image, FeatureRequest, ScoreGradient?) -> Features
    ) -> FeatureExtractor {
        FeatureExtractor(
            identity: identity, layerCount: layerCount, fineStages: fineStages, look: look(self.look), extract: extract)
    }
}

/// One of the backbones that an extractor runs.
private struct ExtractorMember {
    let layerCount: Int
    private let inputSize: Int
    private let preprocessing: Preprocessing
    private let backbone: any Backbone
    private let fine: FineBackbones

    init(_ model: BackboneModel, inputSize: Int, parallelism: Parallelism) {
        layerCount = model.layerCount
        self.inputSize = inputSize
        preprocessing = model.preprocessing
        backbone = model.makeBackbone(inputSize: self.inputSize, parallelism: parallelism)
        fine = FineBackbones(model, parallelism)
    }

    /// - Parameter layers: none is asked of a backbone without fine views.
    func maps(
        of image: Image, at placement: PartPlacement, _ grid: PatchGrid, layers: [Int], _ patches: [Int]?
    ) -> [Int: FeatureMap] {
        guard !layers.isEmpty else { return [:] }
        let backbone = fine.backbone(grid)
        let cut = placement.cut(image, height: backbone.input.height, width: backbone.input.width)
        let request = FeatureRequest(layers: layers, patches: patches)
        return backbone.features(of: preprocessing.input(of: cut), request).layers
    }

    /// What of a request to joined backbones is this one's: its layers, and, of one of them, the whole picture.
    func request(_ request: FeatureRequest, offset: Int, withWhole: Bool) -> FeatureRequest {
        FeatureRequest(
            layers: request.layers.map { $0 - offset }.filter { (1...layerCount).contains($0) },
            finalTokens: request.finalTokens && withWhole, windows: withWhole ? request.windows : [])
    }

    func features(
        of image: Image, _ request: FeatureRequest, _ scoreGradient: FeatureExtractor.ScoreGradient?
    ) -> Features {
        let input = preprocessing.input(from: image, size: inputSize)
        guard let scoreGradient, let backbone = backbone as? any DifferentiableBackbone else {
            return backbone.features(of: input, request)
        }
        var (features, gradient) = backbone.features(of: input, request, scoreGradient: scoreGradient)
        features.saliency = gradient.meanMagnitude()
        return features
    }
}

/// Backbones for fine views, made when they are first asked for: each has scratch memory of its own.
///
/// A class, because asking makes them. It belongs to one extractor, which one thread uses at a time.
private final class FineBackbones {
    /// Recipes of as many formats can take turns.
    private static let most = 4

    private let model: BackboneModel
    private let parallelism: Parallelism
    /// The one used last at the end.
    private var kept: [any Backbone] = []

    init(_ model: BackboneModel, _ parallelism: Parallelism) {
        self.model = model
        self.parallelism = parallelism
    }

    func backbone(_ grid: PatchGrid) -> any Backbone {
        let input = PixelSize(height: grid.rows * model.tokenSide, width: grid.columns * model.tokenSide)
        if let index = kept.firstIndex(where: { $0.input == input }) {
            kept.append(kept.remove(at: index))
        } else {
            if kept.count == Self.most { kept.removeFirst() }
            kept.append(model.makeBackbone(input: input, parallelism: parallelism))
        }
        return kept[kept.count - 1]
    }
}

extension Tensor {
    /// `[3, H, W] -> [H, W]`: the mean over the channels of the absolute value.
    fileprivate func meanMagnitude() -> Matrix {
        let count = shape[1] * shape[2]
        var mean = Matrix(rows: shape[1], columns: shape[2])
        for pixel in 0..<count {
            mean.values[pixel] = (abs(values[pixel]) + abs(values[count + pixel]) + abs(values[2 * count + pixel])) / 3
        }
        return mean
    }
}

/// One backbone at any input size: a fit may choose the size, and whoever judges makes the extractor that the model asks
/// for.
package struct ExtractorSource: Sendable {
    package let name: String
    /// SHA-256 of the weight file, in hexadecimal.
    package let sha256: String
    /// In what some of its layers are computed; nil = all in single precision.
    package let precision: ReducedPrecision?
    /// The layers that can be asked for are `1...layerCount`.
    package let layerCount: Int
    /// What is used when nothing else is asked for or chosen.
    package let defaultInputSize: Int
    package let defaultLayers: [Int]
    /// What `auto` combines, and the input size that it uses when none is asked for.
    package let stages: [FeatureStage]
    package let autoInputSize: Int
    /// See ``BackboneModel/textLayers``.
    package let textLayers: [Int]
    package typealias Reader = @Sendable (Wording) throws(WeightsError) -> TextAnchors
    /// The anchors of what is said; nil when the backbone does not read.
    package let read: Reader?
    private let isAccepted: @Sendable (Int) -> Bool
    private let make: @Sendable (Int) -> FeatureExtractor

    package init(
        name: String, sha256: String, precision: ReducedPrecision? = nil, layerCount: Int, defaultInputSize: Int,
        defaultLayers: [Int], stages: [FeatureStage] = [], autoInputSize: Int? = nil, textLayers: [Int] = [],
        read: Reader? = nil,
        accepts: @escaping @Sendable (_ inputSize: Int) -> Bool,
        make: @escaping @Sendable (_ inputSize: Int) -> FeatureExtractor
    ) {
        self.name = name
        self.sha256 = sha256
        self.precision = precision
        self.layerCount = layerCount
        self.defaultInputSize = defaultInputSize
        self.defaultLayers = defaultLayers
        self.stages = stages.isEmpty ? defaultLayers.map { FeatureStage(layer: $0) } : stages
        self.autoInputSize = autoInputSize ?? defaultInputSize
        self.textLayers = textLayers
        self.read = read
        isAccepted = accepts
        self.make = make
    }

    /// - Parameter textCache: where anchors are kept; nil computes them for every fit.
    package init(_ model: BackboneModel, parallelism: Parallelism, textCache: TextAnchorCache? = nil) {
        self.init(
            name: model.name, sha256: model.sha256, precision: model.reducedPrecision, layerCount: model.layerCount,
            defaultInputSize: model.defaultInputSize, defaultLayers: model.defaultLayers, stages: model.stages,
            autoInputSize: model.autoInputSize, textLayers: model.textLayers,
            read: Self.reader(model, parallelism, textCache), accepts: model.accepts(inputSize:)
        ) { FeatureExtractor(model, inputSize: $0, parallelism: parallelism) }
    }

    /// The same with extractors that are made of its own.
    func replacingExtractors(
        _ replacement: @escaping @Sendable (FeatureExtractor) -> FeatureExtractor
    ) -> ExtractorSource {
        ExtractorSource(
            name: name, sha256: sha256, precision: precision, layerCount: layerCount,
            defaultInputSize: defaultInputSize, defaultLayers: defaultLayers, stages: stages,
            autoInputSize: autoInputSize, textLayers: textLayers, read: read, accepts: isAccepted
        ) { replacement(make($0)) }
    }

    private static func reader(
        _ model: BackboneModel, _ parallelism: Parallelism, _ cache: TextAnchorCache?
    ) -> Reader? {
        guard model.readsText else { return nil }
        return { wording throws(WeightsError) in
            func anchors() throws(WeightsError) -> TextAnchors {
                // Both kinds of sentences with one reading of the tower.
                let embeddings = try model.textReader(parallelism)
                return try TextAnchors(wording) { texts throws(WeightsError) in embeddings(texts) { _ in } }
            }
            guard let cache else { return try anchors() }
            return try cache.anchors(weights: model.sha256, wording, make: anchors)
        }
    }

    package func accepts(inputSize: Int) -> Bool { isAccepted(inputSize) }

    /// - Precondition: `accepts(inputSize:)`.
    package func extractor(inputSize: Int) -> FeatureExtractor {
        precondition(accepts(inputSize: inputSize), "\(name): input size \(inputSize)")
        return make(inputSize)
    }

    /// Whether a model's features can be computed: it was fitted with these weights in this precision, at a size and with layers
    /// that there are.
    package func serves(_ model: FittedModel) -> Bool {
        model.backbone.sha256 == sha256 && model.backbone.precision == precision
            && accepts(inputSize: model.backbone.inputSize)
            && model.layers.allSatisfy { $0 <= layerCount }
    }
}
