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

/// Where each parameter of an FSAC head lies in one block of numbers. One learning rate belongs to the image adapter, which
/// comes first, and one to all others.
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

    init(width: Int, settings: FSACSettings) {
        var end = 0
        func affine(_ name: String, _ inputs: Int, _ outputs: Int) -> Affine {
            let layer = Affine(name: name, inputs: inputs, outputs: outputs, offset: end)
            end = layer.end
            return layer
        }
        func adapter(_ name: String, blocks: Int) -> [Affine] {
            var layers: [Affine] = []
            for block in 0..<blocks {
                layers.append(affine("\(name).\(block).0", width, settings.hiddenWidth))
                layers.append(affine("\(name).\(block).1", settings.hiddenWidth, width))
            }
            if settings.hasOutputLayer { layers.append(affine("\(name).output", width, width)) }
            return layers
        }
        self.width = width
        imageAdapter = adapter("image_adapter", blocks: settings.imageBlocks)
        anchorAdapter = adapter("anchor_adapter", blocks: 1)
        imageToText = affine("image_to_text", width, width)
        textToImage = affine("text_to_image", width, width)
        anchorOffset = end
        count = end + 2 * width
    }

    var layers: [Affine] { imageAdapter + anchorAdapter + [imageToText, textToImage] }

    /// Numbers of the image adapter, and all the others.
    var imageRange: Range<Int> { 0..<anchorAdapter[0].offset }
    var otherRange: Range<Int> { anchorAdapter[0].offset..<count }

    /// Name, shape and place of every tensor.
    var tensors: [(name: String, shape: [Int], offset: Int)] {
        layers.flatMap { layer in
            [
                (layer.name + ".weight", [layer.outputs, layer.inputs], layer.offset),
                (layer.name + ".bias", [layer.outputs], layer.biasOffset),
            ]
        } + [("anchors", [2, width], anchorOffset)]
    }
}
