// B patches of a batch, C feature width; row 0 of two is normal (+), row 1 abnormal (-).

/// The modules of CLIP-FSAC++ on patches: adapters, and attention between patches and anchors (Zuo et al., eq. 4 to 9).
///
/// The paper has one class token a picture. Here each patch is one: its attention to the anchors (eq. 7) is its own, and of
/// the attention of the anchors to the patches (eq. 8) every patch has the form that the paper uses when it scores, where one
/// picture is the only key. The softmax over one key is 1, so `VT = Linear(TF)` for both anchors. During training the paper
/// attends to a pair of pictures instead; a patch's score would then depend on which patches it is looked at with.
struct FSACNetwork: Sendable {
    let layout: FSACLayout
    let settings: FSACSettings

    /// What a pass forward leaves for the pass back.
    struct Trace {
        /// `F`, `[B, C]`.
        var input: Matrix
        var image: AdapterTrace
        var anchor: AdapterTrace
        /// `psi = [AT+; AT-]`, `[2, C]`.
        var adaptedAnchors: Matrix
        /// `softmax(F psiᵀ / sqrt(C))`, `[B, 2]`.
        var attention: Matrix
        /// What eq. 7 gives with all attention on one anchor, `[2, C]`: `TF = attention * answers`.
        var answers: Matrix
        /// The same of eq. 8, `[2, C]`: `VT = attention * echoes`.
        var echoes: Matrix
        /// `VT`, `[B, C]`, for both anchors.
        var visual: Matrix
        /// `CF`, `[B, C]`.
        var features: Matrix
        var featureNorms: [Float]
        /// `[2]`.
        var anchorNorms: [Float]
        /// Norms of `CT`, `[B, 2]`.
        var enhancedNorms: Matrix
        /// `s(CF, AT)`, `[B, 2]`.
        var anchorSimilarity: Matrix
        /// `s(CF, CT)`, `[B, 2]`.
        var enhancedSimilarity: Matrix
    }

    /// The inputs of an adapter's layers, and the slopes of the GELU after each but the last.
    struct AdapterTrace {
        var inputs: [Matrix] = []
        var slopes: [Matrix] = []
    }

    /// - Parameter input: `[B, C]`, centred and scaled.
    func forward(_ input: Matrix, _ parameters: Storage, _ parallelism: Parallelism) -> Trace {
        let anchors = Matrix(
            rows: 2, columns: layout.width,
            values: parameters.values(layout.anchorOffset..<layout.anchorOffset + 2 * layout.width))
        let (adaptedAnchor, anchorTrace) = adapt(anchors, layout.anchorAdapter, parameters, .serial)
        let psi = Self.mixed(adaptedAnchor, anchors, settings.anchorResidual)
        // An affine map of a mean is the mean of its images: eq. 7 and 8 need it for the anchors only.
        let answers = layout.imageToText.apply(psi, parameters, .serial)
        let echoes = layout.textToImage.apply(answers, parameters, .serial)

        let attention = input.multiplied(byTransposed: psi, parallelism: parallelism)
            .scaled(by: 1 / Float(layout.width).squareRoot()).softmax()
        let (adapted, imageTrace) = adapt(input, layout.imageAdapter, parameters, parallelism)
        var features = Self.mixed(adapted, input, settings.imageResidual)
        features.add(attention.multiplied(by: answers, parallelism: parallelism))
        let visual = attention.multiplied(by: echoes, parallelism: parallelism)

        var trace = Trace(
            input: input, image: imageTrace, anchor: anchorTrace, adaptedAnchors: psi, attention: attention,
            answers: answers, echoes: echoes, visual: visual, features: features,
            featureNorms: Self.norms(features), anchorNorms: Self.norms(psi),
            enhancedNorms: attention,
            anchorSimilarity: features.multiplied(byTransposed: psi, parallelism: parallelism),
            enhancedSimilarity: attention)
        compare(&trace)
        return trace
    }

    /// Similarities and norms. `CT = psi + gamma1 VT` is never written out: its products follow from those of its parts.
    private func compare(_ trace: inout Trace) {
        let share = settings.patchShare
        let along = trace.features.rowProducts(trace.visual)
        let lengths = trace.visual.rowProducts(trace.visual)
        let overlap = trace.visual.multiplied(byTransposed: trace.adaptedAnchors)
        for row in 0..<trace.input.rows {
            for side in 0..<2 {
                let product = trace.anchorSimilarity[row, side]
                let anchorNorm = trace.anchorNorms[side]
                let squared = anchorNorm * anchorNorm + 2 * share * overlap[row, side] + share * share * lengths[row]
                let norm = max(squared, Self.tiny * Self.tiny).squareRoot()
                let featureNorm = trace.featureNorms[row]
                trace.enhancedNorms[row, side] = norm
                trace.anchorSimilarity[row, side] = product / (featureNorm * anchorNorm)
                trace.enhancedSimilarity[row, side] = (product + share * along[row]) / (featureNorm * norm)
            }
        }
    }

    private func adapt(
        _ input: Matrix, _ layers: [Affine], _ parameters: Storage, _ parallelism: Parallelism
    ) -> (Matrix, AdapterTrace) {
        var trace = AdapterTrace()
        var x = input
        for (index, layer) in layers.enumerated() {
            trace.inputs.append(x)
            x = layer.apply(x, parameters, parallelism)
            guard index < layers.count - 1 else { break }
            let (values, slopes) = x.gelu()
            trace.slopes.append(slopes)
            x = values
        }
        return (x, trace)
    }

    private static func mixed(_ adapted: Matrix, _ original: Matrix, _ share: Float) -> Matrix {
        var result = adapted.scaled(by: share)
        result.add(original, scale: 1 - share)
        return result
    }

    /// A shorter vector counts as this long: a cosine of nothing is 0.
    private static let tiny: Float = 1e-8

    private static func norms(_ matrix: Matrix) -> [Float] {
        matrix.rowProducts(matrix).map { max($0.squareRoot(), tiny) }
    }
}

extension Matrix {
    func scaled(by factor: Float) -> Matrix {
        Matrix(rows: rows, columns: columns, values: values.map { $0 * factor })
    }
}
