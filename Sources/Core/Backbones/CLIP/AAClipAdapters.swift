// D width of the image tower, W of the text tower, C of the embedding.

/// What AA-CLIP trains: residual adapters behind the first blocks of both of CLIP's towers, projections of several blocks' patch
/// tokens into a space of their own, and the text tower's projection into it.
///
/// The paper's code runs OpenAI's ViT-L-14-336 on 518 x 518 pixels with the exact GELU, though its weights were trained with
/// QuickGELU: adapters trained there need the activation that they were trained with.
public struct AAClipAdapters: Sendable {
    /// Share of the adapter in the residual stream, in both towers.
    static let weight: Float = 0.1
    static let activationKey = "activation"

    package let layout: AAClipLayout
    /// All weights, as `layout` has them.
    package let parameters: Storage
    /// Of CLIP's MLPs when these adapters were trained; nil is what CLIP's own configuration says.
    public let activation: CLIPConfiguration.Activation?

    public var configuration: AAClipConfiguration { layout.configuration }

    package init(layout: AAClipLayout, parameters: Storage, activation: CLIPConfiguration.Activation?) {
        precondition(parameters.count == layout.count, "adapters: \(parameters.count) numbers for \(layout.count)")
        self.layout = layout
        self.parameters = parameters
        self.activation = activation
    }

    /// Untrained adapters: Glorot and Bengio's uniform distribution, as the paper's code has it.
    package init(
        _ configuration: AAClipConfiguration, activation: CLIPConfiguration.Activation?, seed: UInt64
    ) {
        let layout = AAClipLayout(configuration)
        let parameters = Storage(count: layout.count)
        var random = SplitMix64(seed: seed)
        for layer in layout.layers {
            let bound = (6 / Float(layer.inputs + layer.outputs)).squareRoot()
            for index in layer.range { parameters.base[index] = random.uniform(-bound...bound) }
        }
        self.init(layout: layout, parameters: parameters, activation: activation)
    }

    /// The adapters in a weight file: tensors under the names of the published checkpoints, `image_adapter.` or `text_adapter.`
    /// (the dictionary) before them.
    ///
    /// - Throws: `missingTensor`, `wrongShape` naming the tensor; `malformed` for a tensor too many, or an activation that CLIP does
    ///   not have.
    package init(_ archive: WeightArchive) throws(WeightsError) {
        let layout = AAClipLayout(try AAClipConfiguration(archive))
        let names = Set(layout.layers.map(\.name))
        if let unknown = archive.tensors.keys.filter({ !names.contains($0) }).min() {
            throw .malformed(
                file: archive.file, part: unknown, expected: "the adapters' tensors alone", got: "another tensor")
        }
        let parameters = Storage(count: layout.count)
        for layer in layout.layers {
            let tensor = try archive.scope.tensor(layer.name, [layer.outputs, layer.inputs])
            (parameters.base + layer.offset).update(from: tensor.values, count: tensor.values.count)
        }
        let activation = archive.metadata[Self.activationKey]
        guard activation == nil || activation.flatMap(CLIPConfiguration.Activation.init) != nil else {
            throw .malformed(
                file: archive.file, part: Self.activationKey, expected: "gelu or quick_gelu", got: activation ?? "")
        }
        self.init(
            layout: layout, parameters: parameters,
            activation: activation.flatMap(CLIPConfiguration.Activation.init))
    }

    package var tensors: [String: Tensor] { layout.tensors(of: parameters) }

    /// What a file of ours says of them, besides the tensors.
    var metadata: [String: String] { activation.map { [Self.activationKey: $0.rawValue] } ?? [:] }

    /// Blocks of an image tower whose patch tokens are the levels, counted from 1: as many, evenly spread, up to the last. Of 24
    /// blocks the paper's 6, 12, 18 and 24.
    package func levelBlocks(depth: Int) -> [Int] {
        let count = layout.levelProjections.count
        return (1...count).map { depth * $0 / count }
    }

    /// What is wrong with using them in a CLIP model; nil when nothing is.
    package func problem(in clip: CLIPConfiguration) -> String? {
        let own = configuration
        if own.imageWidth != clip.image.width {
            return "an image tower of width \(own.imageWidth), got \(clip.image.width)"
        }
        if let text = own.text, text.width != clip.text.width {
            return "a text tower of width \(text.width), got \(clip.text.width)"
        }
        if own.text == nil, own.embeddingWidth != clip.embeddingWidth {
            return "embeddings of width \(own.embeddingWidth), got \(clip.embeddingWidth)"
        }
        let depth = max(own.imageLayers, own.levels)
        if depth > clip.image.depth { return "an image tower of \(depth) blocks or more, got \(clip.image.depth)" }
        if let text = own.text, text.layers > clip.text.depth {
            return "a text tower of \(text.layers) blocks or more, got \(clip.text.depth)"
        }
        return nil
    }
}

extension AAClipConfiguration {
    /// What a file's tensors say: how many there are, and the widths.
    init(_ archive: WeightArchive) throws(WeightsError) {
        /// One more than the largest number between the two; a hole is found when the tensors are looked up.
        func count(_ beginning: String, _ ending: String) -> Int {
            let numbers = archive.tensors.keys.compactMap { name in
                name.hasPrefix(beginning) && name.hasSuffix(ending)
                    ? Int(name.dropFirst(beginning.count).dropLast(ending.count)) : nil
            }
            return min(max((numbers.max() ?? -1) + 1, 0), 1024)
        }
        func shape(_ name: String) throws(WeightsError) -> [Int] {
            guard let tensor = archive.tensors[name] else { throw .missingTensor(file: archive.file, tensor: name) }
            // The bounds keep sums of these numbers far from overflow.
            guard tensor.shape.count == 2, tensor.shape.allSatisfy({ (1...65_536).contains($0) }) else {
                throw .wrongShape(file: archive.file, tensor: name, expected: [768, 1024], got: tensor.shape)
            }
            return tensor.shape
        }
        let activated = archive.tensors["image_adapter.det_proj.fc.0.weight"] != nil
        let ending = activated ? ".fc.0.weight" : ".fc.weight"
        let detection = try shape("image_adapter.det_proj" + ending)
        _ = try shape("image_adapter.seg_proj.0" + ending)
        self.init(
            imageWidth: detection[1], embeddingWidth: detection[0],
            imageLayers: count("image_adapter.layer_adapters.", ".fc.0.weight"),
            levels: count("image_adapter.seg_proj.", ending), hasActivatedProjections: activated, text: nil)
        let texts = count("text_adapter.", ".fc.0.weight")
        if texts > 0 {
            text = Text(width: try shape("text_adapter.\(texts - 1).fc.0.weight")[1], layers: texts - 1)
        }
    }
}
