internal import Glibc

// B rows of a batch, C width; row 0 of two is normal (+), row 1 abnormal (-).

/// The modules of CLIP-FSAC++: adapters and Anomaly Descriptor (Zuo et al., eq. 4 to 9).
///
/// A row of a batch is a picture's embedding `F`; or a patch's, of a head on patches. Sums over two anchors are nowhere
/// written out for each row: an affine map of a mean is the mean of its images, so eq. 7 and 8 need their linear layers for
/// the two anchors only.
struct FSACNetwork: Sendable {
    let layout: FSACLayout
    let form: FSACForm

    init(width: Int, form: FSACForm) {
        layout = FSACLayout(width: width, form: form)
        self.form = form
    }

    var imageAdapter: FSACAdapter { FSACAdapter(layers: layout.imageAdapter, share: form.imageResidual) }
    var anchorAdapter: FSACAdapter { FSACAdapter(layers: layout.anchorAdapter, share: form.anchorResidual) }
    var attentionScale: Float { 1 / Float(layout.width).squareRoot() }

    /// What the network makes of the anchors alone, whatever the pictures.
    struct Anchors: Sendable {
        /// `psi = [AT+; AT-]`, `[2, C]`.
        var adapted: Matrix
        var adapter: FSACAdapter.Trace
        /// What the attentions look at, `[2, C]`; see ``FSACDescriptor``.
        var attended: Matrix
        /// What eq. 7 gives with all attention on one anchor, `[2, C]`: `TF = attention * answers`.
        var answers: Matrix
        /// The same of eq. 8, `[2, C]`: `Linear(TF) = attention * echoes`.
        var echoes: Matrix
    }

    /// What a pass forward leaves for the pass back.
    struct Trace {
        /// `F`, `[B, C]`.
        var input: Matrix
        var image: FSACAdapter.Trace
        var anchors: Anchors
        /// `softmax(F attendedᵀ / sqrt(C))`, `[B, 2]`.
        var attention: Matrix
        /// `CF`, `[B, C]`.
        var features: Matrix
        /// `s(CF, AT)`.
        var anchorCosines: FSACCosines
        var enhancement: Enhancement
    }

    /// `CT` and what it is compared with.
    enum Enhancement {
        case own(OwnEnhancement)
        case batch(BatchEnhancement)

        /// `s(CF, CT)`, `[B, 2]`.
        var similarity: Matrix {
            switch self {
            case .own(let own): own.similarity
            case .batch(let batch): batch.cosines.values
            }
        }
    }

    func anchors(_ parameters: Storage, _ parallelism: Parallelism) -> Anchors {
        let original = Matrix(rows: 2, columns: layout.width, values: parameters.values(layout.anchorRange))
        let (adapted, trace) = anchorAdapter.apply(original, parameters, parallelism)
        let attended = form.descriptor == .paper ? adapted : original
        let answers = layout.imageToText.apply(attended, parameters, parallelism)
        let echoes = layout.textToImage.apply(answers, parameters, parallelism)
        return Anchors(adapted: adapted, adapter: trace, attended: attended, answers: answers, echoes: echoes)
    }

    /// - Parameter input: `[B, C]`, prepared.
    func forward(
        _ input: Matrix, _ anchors: Anchors, keys: FSACKeys, _ parameters: Storage, _ parallelism: Parallelism
    ) -> Trace {
        let attention = input.multiplied(byTransposed: anchors.attended, parallelism: parallelism)
            .scaled(by: attentionScale).softmax()
        var (features, image) = imageAdapter.apply(input, parameters, parallelism)
        features.add(attention.multiplied(by: anchors.answers, parallelism: parallelism))
        let cosines = FSACCosines(features, anchors.adapted, parallelism)
        let enhancement: Enhancement =
            switch keys {
            case .own:
                .own(
                    OwnEnhancement(
                        features, anchors, visual: attention.multiplied(by: anchors.echoes, parallelism: parallelism),
                        share: form.visualShare))
            case .batch:
                .batch(
                    BatchEnhancement(
                        features, anchors, attention, share: form.visualShare, scale: attentionScale, parallelism))
            }
        return Trace(
            input: input, image: image, anchors: anchors, attention: attention, features: features,
            anchorCosines: cosines, enhancement: enhancement)
    }

    /// The logarithm of `AS / (1 - AS)` with `AS` of eq. 16, which is `(s(CF, CT-) - s(CF, CT+)) / tau`: unlike `AS` it does not
    /// lose its digits near 0 and 1.
    ///
    /// - Parameter input: `[B, C]`, prepared; each row is scored by itself.
    func margins(
        of input: Matrix, _ anchors: Anchors, _ parameters: Storage, _ parallelism: Parallelism
    ) -> [Float] {
        let similarity = forward(input, anchors, keys: .own, parameters, parallelism).enhancement.similarity
        return (0..<input.rows).map { (similarity[$0, 1] - similarity[$0, 0]) / form.temperature }
    }
}
