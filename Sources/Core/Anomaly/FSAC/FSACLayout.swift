// C feature width, H hidden width.

/// Where each parameter of an FSAC network lies in one block of numbers: those of the image adapter first, because they have a
/// learning rate of their own, and the anchors last, because texts are not trained.
struct FSACLayout: Sendable {
    let width: Int
    /// A GELU follows each layer but the last of an adapter.
    let imageAdapter: [TrainableLinear]
    let anchorAdapter: [TrainableLinear]
    /// `Linear` of eq. 7.
    let imageToText: TrainableLinear
    /// `Linear` of eq. 8.
    let textToImage: TrainableLinear
    /// Of `T = [T+; T-]`, `[2, C]`: normal first.
    let anchorOffset: Int
    let count: Int

    init(width: Int, form: FSACForm) {
        var end = 0
        func linear(_ name: String, _ inputs: Int, _ outputs: Int) -> TrainableLinear {
            let layer = TrainableLinear(name: name, inputs: inputs, outputs: outputs, hasBias: true, offset: end)
            end = layer.range.upperBound
            return layer
        }
        func adapter(_ name: String, blocks: Int) -> [TrainableLinear] {
            var layers: [TrainableLinear] = []
            for block in 0..<blocks {
                layers.append(linear("\(name).\(block).0", width, form.hiddenWidth))
                layers.append(linear("\(name).\(block).1", form.hiddenWidth, width))
            }
            if form.hasOutputLayer { layers.append(linear("\(name).output", width, width)) }
            return layers
        }
        self.width = width
        imageAdapter = adapter("image_adapter", blocks: form.imageBlocks)
        anchorAdapter = adapter("anchor_adapter", blocks: 1)
        imageToText = linear("image_to_text", width, width)
        textToImage = linear("text_to_image", width, width)
        anchorOffset = end
        count = end + 2 * width
    }

    var layers: [TrainableLinear] { imageAdapter + anchorAdapter + [imageToText, textToImage] }

    /// Numbers of the image adapter; of the anchors' adapter and the two layers of the attentions; of the anchors.
    var imageRange: Range<Int> { 0..<anchorAdapter[0].offset }
    var textRange: Range<Int> { anchorAdapter[0].offset..<anchorOffset }
    var anchorRange: Range<Int> { anchorOffset..<count }

    var places: [TensorPlace] {
        layers.flatMap(\.places) + [TensorPlace(name: "anchors", shape: [2, width], offset: anchorOffset)]
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
            for index in layer.weightRange { parameters.base[index] = deviation * random.normal() }
        }
        (parameters.base + anchorOffset).update(from: anchors.values, count: anchors.values.count)
        return parameters
    }
}
