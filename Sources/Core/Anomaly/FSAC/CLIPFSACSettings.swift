/// What `clip-fsac` can be told: CLIP-FSAC++ on the embeddings of whole pictures. Symbols are those of Zuo et al.
package struct CLIPFSACSettings: Codable, Sendable, Equatable {
    /// The paper's two sets of hyper-parameters.
    package enum Preset: String, Codable, Sendable, CaseIterable {
        /// For parts as in MVTec AD: adapters weigh 0.4, `gamma1` is 0.01.
        case mvtec
        /// For parts as in VisA: adapters weigh 0.1, `gamma1` is 0.7.
        case visa
    }

    /// How long a head trains. An epoch shows each shot once, with an anomaly made from it.
    package enum Epochs: Sendable, Equatable {
        case fixed(Int)
        /// As long as it gets better at synthetic anomalies that are kept out of training; at most ``longest`` epochs.
        case auto

        /// The paper's number, and the most that `auto` tries.
        package static let longest = 100

        /// Epochs that training may take.
        package var limit: Int {
            switch self {
            case .fixed(let count): count
            case .auto: Self.longest
            }
        }

        /// As people set them: 0 is `auto`.
        package var number: Int {
            get { if case .fixed(let count) = self { count } else { 0 } }
            set { self = newValue == 0 ? .auto : .fixed(newValue) }
        }
    }

    /// What the map shows. How much, the image score says.
    package enum Map: String, Codable, Sendable, CaseIterable {
        /// How much the score changes with each pixel (eq. 17), which takes a pass back through the backbone.
        case saliency
        /// How much more each patch is like the abnormal text than the patches of the shots are. Without texts (or when the
        /// layer's features are not in their space): how unlike it is to all patches of the shots.
        case similarity
    }

    package var preset: Preset
    package var descriptor: FSACDescriptor
    package var epochs: Epochs
    /// Pairs of a shot and its anomaly in a step, 1 or 2 in the paper.
    package var batch: Int
    package var map: Map

    package init(
        preset: Preset = .mvtec, descriptor: FSACDescriptor = .paper, epochs: Epochs = .fixed(Epochs.longest),
        batch: Int = 2, map: Map = .saliency
    ) {
        self.preset = preset
        self.descriptor = descriptor
        self.epochs = epochs
        self.batch = batch
        self.map = map
    }

    /// What is wrong with the settings, in words; nil if nothing.
    package var problem: String? {
        if !(1...10_000).contains(epochs.limit) { return "epochs: expected 1 to 10000 or auto, got \(epochs.limit)" }
        if !(1...64).contains(batch) { return "batch: expected 1 to 64 pairs, got \(batch)" }
        return nil
    }

    /// Synthetic anomalies that a fit wants of each shot, so that every epoch has fresh ones: one of ``heldOutEvery`` is kept out
    /// of training.
    package var anomaliesPerShot: Int {
        let share = Self.heldOutEvery - 1
        return (epochs.limit * Self.heldOutEvery + share - 1) / share
    }

    /// Every so many anomalies, one is kept out. No divisor of the number of generators, so that all of them have their turn.
    static let heldOutEvery = 5

    /// Of the image adapter.
    private static let imageLearningRate: Float = 5e-4
    /// Of the text adapter, the two linear layers of the Descriptor, and learnt anchors. The paper names the adapters' rates only;
    /// the released code trains the Descriptor's layers with the image adapter's.
    private static let textLearningRate: Float = 1e-4

    static func rates(_ layout: FSACLayout, learnsAnchors: Bool) -> [(range: Range<Int>, rate: Float)] {
        [(layout.imageRange, imageLearningRate), (layout.textRange, textLearningRate)]
            + (learnsAnchors ? [(layout.anchorRange, textLearningRate)] : [])
    }

    /// The paper's network. The released code mixes and adds in the same way.
    func form(width: Int) -> FSACForm {
        let (residual, share): (Float, Float) =
            switch preset {
            case .mvtec: (0.4, 0.01)
            case .visa: (0.1, 0.7)
            }
        return FSACForm(
            hiddenWidth: 4 * width, imageBlocks: 2, hasOutputLayer: true, imageResidual: residual,
            anchorResidual: residual, visualShare: share, classificationWeight: 0.7, temperature: 0.07,
            descriptor: descriptor)
    }
}

extension CLIPFSACSettings.Epochs: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let count = try? container.decode(Int.self) {  // No number: it must be the word then.
            self = .fixed(count)
        } else if try container.decode(String.self) == "auto" {
            self = .auto
        } else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a number or auto")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .fixed(let count): try container.encode(count)
        case .auto: try container.encode("auto")
        }
    }
}
