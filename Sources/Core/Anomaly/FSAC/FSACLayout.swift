// C feature width, H hidden width.

/// A linear layer `y = x Wᵀ + b` whose numbers lie among those of a whole network: `W [outputs, inputs]`, then `b`.
struct Affine: Sendable {
    let name: String
    let inputs: Int
    let outputs: Int
    /// Of `W`, among all numbers.
    let offset: Int

    var biasOffset: Int { offset + outputs * inputs }
    var end: Int { biasOffset + outputs }
}

/// Where each parameter of an FSAC network lies in one block of numbers: those of the image adapter first, because they have a
/// learning rate of their own, and the anchors last, because texts are not trained.
struct FSACLayout: Sendable {
    let width: Int
    /// A GELU follows each layer but the last of an adapter.
    let imageAdapter: [Affine]
    let anchorAdapter: [Affine]
    /// `Linear` of eq. 7.
    let imageToText: Affine
    /// `Linear` of eq. 8.
    let textToImage: Affine
    /// Of `T = [T+; T-]`, `[2, C]`: normal first.
    let anchorOffset: Int
    let count: Int

    init(width: Int, form: FSACForm) {
        var end = 0
        func affine(_ name: String, _ inputs: Int, _ outputs: Int) -> Affine {
            let layer = Affine(name: name, inputs: inputs, outputs: outputs, offset: end)
            end = layer.end
            return layer
        }
        func adapter(_ name: String, blocks: Int) -> [Affine] {
            var layers: [Affine] = []
            for block in 0..<blocks {
                layers.append(affine("\(name).\(block).0", width, form.hiddenWidth))
                layers.append(affine("\(name).\(block).1", form.hiddenWidth, width))
            }
            if form.hasOutputLayer { layers.append(affine("\(name).output", width, width)) }
            return layers
        }
        self.width = width
        imageAdapter = adapter("image_adapter", blocks: form.imageBlocks)
        anchorAdapter = adapter("anchor_adapter", blocks: 1)
        imageToText = affine("image_to_text", width, width)
        textToImage = affine("text_to_image", width, width)
        anchorOffset = end
        count = end + 2 * width
    }

    var layers: [Affine] { imageAdapter + anchorAdapter + [imageToText, textToImage] }

    /// Numbers of the image adapter; of the anchors' adapter and the two layers of the attentions; of the anchors.
    var imageRange: Range<Int> { 0..<anchorAdapter[0].offset }
    var textRange: Range<Int> { anchorAdapter[0].offset..<anchorOffset }
    var anchorRange: Range<Int> { anchorOffset..<count }

    /// Name, shape and place of every tensor.
    var tensors: [(name: String, shape: [Int], offset: Int)] {
        layers.flatMap { layer in
            [
                (layer.name + ".weight", [layer.outputs, layer.inputs], layer.offset),
                (layer.name + ".bias", [layer.outputs], layer.biasOffset),
            ]
        } + [("anchors", [2, width], anchorOffset)]
    }

    /// Random weights (Xavier's normal distribution, as in the released code; biases 0, where that leaves PyTorch's default).
    ///
    /// - Parameter anchors: `[2, C]`.
    func initialParameters(anchors: Matrix, using random: inout SplitMix64) -> Storage {
        precondition(
            anchors.rows == 2 && anchors.columns == width, "fsac: anchors [\(anchors.rows), \(anchors.columns)]")
        let parameters = Storage(count: count)
        for layer in layers {
            let deviation = (2 / Float(layer.inputs + layer.outputs)).squareRoot()
            for index in layer.offset..<layer.biasOffset { parameters.base[index] = deviation * random.normal() }
        }
        (parameters.base + anchorOffset).update(from: anchors.values, count: anchors.values.count)
        return parameters
    }

    func tensors(of storage: Storage) -> [String: Tensor] {
        var result: [String: Tensor] = [:]
        for (name, shape, offset) in tensors {
            result[name] = Tensor(shape: shape, values: storage.values(offset..<offset + shape.reduce(1, *)))
        }
        return result
    }
}
