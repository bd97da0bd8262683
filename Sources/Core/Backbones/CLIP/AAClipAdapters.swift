// D width of the image tower, W of the text tower, C of the embedding.

/// What AA-CLIP trains: residual adapters behind the first blocks of both of CLIP's towers, projections of several blocks' patch
/// tokens into a space of their own, and the text tower's projection into it.
///
/// The paper's code runs OpenAI's ViT-L-14-336 on 518 x 518 pixels with the exact GELU, though its weights were trained with
/// QuickGELU: adapters need what they were trained with (``Training``).
package struct AAClipAdapters: Sendable {
    /// Share of the adapter in the residual stream, in both towers.
    static let weight: Float = 0.1

    package let layout: AAClipLayout
    /// All weights, as `layout` has them.
    package let parameters: Storage
    package let training: Training

    /// What these adapters were trained with, and so want to be used with.
    package struct Training: Sendable, Equatable {
        private static let keys = (activation: "activation", inputSize: "input_size")

        /// Of CLIP's MLPs; nil is what CLIP's own configuration says.
        package var activation: CLIPConfiguration.Activation?
        /// The side of the square network input, in pixels; nil is what CLIP's own configuration says.
        package var inputSize: Int?

        /// Of the paper's code.
        package static let paper = Training(activation: .gelu, inputSize: 518)

        package init(activation: CLIPConfiguration.Activation? = nil, inputSize: Int? = nil) {
            self.activation = activation
            self.inputSize = inputSize
        }

        /// - Throws: `malformed` for an activation that CLIP does not have, or a size that is none.
        init(_ archive: WeightArchive) throws(WeightsError) {
            func value<Value>(
                _ key: String, expected: String, _ make: (String) -> Value?
            ) throws(WeightsError) -> Value? {
                guard let text = archive.metadata[key] else { return nil }
                guard let value = make(text) else {
                    throw .malformed(file: archive.file, section: key, expected: expected, got: text)
                }
                return value
            }
            activation = try value(
                Self.keys.activation, expected: "gelu or quick_gelu", CLIPConfiguration.Activation.init)
            inputSize = try value(Self.keys.inputSize, expected: "1 to 4096 pixels") { text in
                Int(text).flatMap { (1...4096).contains($0) ? $0 : nil }
            }
        }

        /// As a file of ours says it.
        var metadata: [String: String] {
            var result: [String: String] = [:]
            result[Self.keys.activation] = activation?.rawValue
            result[Self.keys.inputSize] = inputSize.map(String.init)
            return result
        }
    }

    package var configuration: AAClipConfiguration { layout.configuration }

    package init(layout: AAClipLayout, parameters: Storage, training: Training) {
        precondition(parameters.count == layout.count, "adapters: \(parameters.count) numbers for \(layout.count)")
        self.layout = layout
        self.parameters = parameters
        self.training = training
    }

    /// Untrained adapters: Glorot and Bengio's uniform distribution, as the paper's code has it.
    package init(_ configuration: AAClipConfiguration, training: Training = Training(), seed: UInt64) {
        let layout = AAClipLayout(configuration)
        let parameters = Storage(count: layout.count)
        var random = SplitMix64(seed: seed)
        for place in layout.places {
            let bound = (6 / Float(place.shape.reduce(0, +))).squareRoot()
            for index in place.range { parameters.base[index] = random.uniform(-bound...bound) }
        }
        self.init(layout: layout, parameters: parameters, training: training)
    }

    /// The adapters in a weight file: tensors under the names of the published checkpoints, `image_adapter.` or `text_adapter.`
    /// (the dictionary) before them.
    ///
    /// - Throws: `missingTensor`, `wrongShape` naming the tensor; `malformed` for a tensor too many, and for what ``Training`` cannot
    ///   be.
    package init(_ archive: WeightArchive) throws(WeightsError) {
        let layout = AAClipLayout(try AAClipConfiguration(archive))
        let names = Set(layout.places.map(\.name))
        if let unknown = archive.tensors.keys.filter({ !names.contains($0) }).min() {
            throw .malformed(
                file: archive.file, section: unknown, expected: "the adapters' tensors alone", got: "another tensor")
        }
        let parameters = Storage(count: layout.count)
        for place in layout.places {
            parameters.write(try archive.scope.tensor(place.name, place.shape).values, at: place)
        }
        self.init(layout: layout, parameters: parameters, training: try Training(archive))
    }

    package var tensors: [String: Tensor] { parameters.tensors(at: layout.places) }

    /// Blocks of an image tower whose patch tokens are the levels, counted from 1: as many, evenly spread, up to the last. Of 24
    /// blocks the paper's 6, 12, 18 and 24.
    package func levelBlocks(depth: Int) -> [Int] {
        let count = layout.levelProjections.count
        return (1...count).map { depth * $0 / count }
    }

    /// What a CLIP model would have to have that it has not; nil when they suit it.
    package func problem(in clip: CLIPConfiguration) -> (expected: String, got: String)? {
        let own = configuration
        func unlike(_ what: String, _ expected: Int, _ got: Int) -> (String, String)? {
            expected == got ? nil : ("\(what) of width \(expected)", "\(got)")
        }
        func shallow(_ what: String, _ expected: Int, _ got: Int) -> (String, String)? {
            expected <= got ? nil : ("\(what) of \(expected) blocks or more", "\(got)")
        }
        return unlike("an image tower", own.imageWidth, clip.image.width)
            ?? own.text.flatMap { unlike("a text tower", $0.width, clip.text.width) }
            // Without adapters of its own the text is projected as ever.
            ?? (own.text == nil ? unlike("embeddings", own.embeddingWidth, clip.embeddingWidth) : nil)
            ?? shallow("an image tower", max(own.imageLayers, own.levels), clip.image.depth)
            ?? own.text.flatMap { shallow("a text tower", $0.layers, clip.text.depth) }
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
            // The name is the file's: its number may be any.
            return min(max(numbers.max() ?? -1, -1), 1023) + 1
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
