// D width of the image tower, W of the text tower, C of the embedding, L levels.

/// What the shapes of a set of AA-CLIP's adapters say (Ma et al., "AA-CLIP", CVPR 2025, <https://arxiv.org/abs/2503.06661>).
package struct AAClipConfiguration: Sendable, Equatable {
    /// D.
    package var imageWidth: Int
    /// C.
    package var embeddingWidth: Int
    /// The first blocks of the image tower have an adapter each; 6 in the paper.
    package var imageLayers: Int
    /// L: how many blocks' patch tokens are compared with the text; 4 in the paper.
    package var levels: Int
    /// Whether a leaky ReLU follows the projections of patches. The published checkpoints have it only if they were trained with
    /// `--relu`, which shows in their tensors' names.
    package var hasActivatedProjections: Bool
    /// Nil: the text tower is CLIP's own.
    package var text: Text?

    package struct Text: Sendable, Equatable {
        /// W.
        package var width: Int
        /// The first blocks of the text tower have an adapter each; 3 in the paper.
        package var layers: Int

        package init(width: Int, layers: Int) {
            self.width = width
            self.layers = layers
        }
    }

    package init(
        imageWidth: Int, embeddingWidth: Int, imageLayers: Int = 6, levels: Int = 4,
        hasActivatedProjections: Bool = false, text: Text?
    ) {
        self.imageWidth = imageWidth
        self.embeddingWidth = embeddingWidth
        self.imageLayers = imageLayers
        self.levels = levels
        self.hasActivatedProjections = hasActivatedProjections
        self.text = text
    }
}

/// A linear layer without bias, and often a leaky ReLU after it. Its tensor is named as in the published checkpoints, after the name
/// of the dictionary.
package struct AdapterLayer: Sendable, Equatable {
    let linear: TrainableLinear
    let isActivated: Bool

    package var inputs: Int { linear.inputs }
    package var outputs: Int { linear.outputs }
}

/// Where each of the adapters' tensors lies in one block of numbers: those of the image tower first.
package struct AAClipLayout: Sendable {
    package let configuration: AAClipConfiguration
    /// `D -> D`, one a block.
    package private(set) var imageAdapters: [AdapterLayer] = []
    /// `D -> C`, one a level.
    package private(set) var levelProjections: [AdapterLayer] = []
    /// `D -> C`.
    package let detectionProjection: AdapterLayer
    /// `W -> W`, one a block.
    package private(set) var textAdapters: [AdapterLayer] = []
    /// `W -> C`; takes the place of CLIP's own.
    package private(set) var textProjection: AdapterLayer?
    let imageRange: Range<Int>
    package let count: Int

    package init(_ configuration: AAClipConfiguration) {
        self.configuration = configuration
        let (image, c) = (configuration.imageWidth, configuration.embeddingWidth)
        var end = 0
        func layer(_ name: String, _ inputs: Int, _ outputs: Int, activated: Bool = true) -> AdapterLayer {
            let linear = TrainableLinear(
                name: name + (activated ? ".fc.0" : ".fc"), inputs: inputs, outputs: outputs, hasBias: false,
                offset: end)
            end = linear.range.upperBound
            return AdapterLayer(linear: linear, isActivated: activated)
        }
        let activated = configuration.hasActivatedProjections
        for index in 0..<configuration.imageLayers {
            imageAdapters.append(layer("image_adapter.layer_adapters.\(index)", image, image))
        }
        for index in 0..<configuration.levels {
            levelProjections.append(layer("image_adapter.seg_proj.\(index)", image, c, activated: activated))
        }
        detectionProjection = layer("image_adapter.det_proj", image, c, activated: activated)
        imageRange = 0..<end
        if let text = configuration.text {
            for index in 0..<text.layers {
                textAdapters.append(layer("text_adapter.\(index)", text.width, text.width))
            }
            textProjection = layer("text_adapter.\(text.layers)", text.width, c)
        }
        count = end
    }

    var textRange: Range<Int> { imageRange.upperBound..<count }

    private var layers: [AdapterLayer] {
        imageAdapters + levelProjections + [detectionProjection] + textAdapters + (textProjection.map { [$0] } ?? [])
    }

    package var places: [TensorPlace] { layers.flatMap(\.linear.places) }
}
