// B rows of a batch, C width.

extension FSACNetwork {
    /// The loss of a batch and its derivatives by all parameters.
    ///
    /// - Parameters:
    ///   - labels: `[B]`; see `FSACLoss`.
    ///   - gradients: as many numbers as `parameters`, all of them written.
    func loss(
        of input: Matrix, labels: [Float], keys: FSACKeys, _ parameters: Storage, gradients: Storage,
        _ parallelism: Parallelism
    ) -> FSACLoss {
        let trace = forward(input, anchors(parameters, parallelism), keys: keys, parameters, parallelism)
        let loss = FSACLoss(
            anchorSimilarity: trace.anchorCosines.values, enhancedSimilarity: trace.enhancement.similarity,
            labels: labels, form: form)
        var derivatives = derivatives(trace, loss.byEnhancedSimilarity, parallelism)
        let (features, anchors) = trace.anchorCosines.backward(loss.byAnchorSimilarity, parallelism)
        derivatives.features.add(features)
        derivatives.anchors.add(anchors)
        _ = imageGradient(trace, derivatives, parameters, gradients, parallelism, needsInput: false)
        textGradient(trace, derivatives, parameters, gradients, parallelism)
        return loss
    }

    /// The derivatives by the input of ``margins(of:_:_:_:)``, for one picture.
    ///
    /// - Parameter input: `[1, C]`, prepared.
    /// - Returns: `[1, C]`.
    func marginGradient(
        at input: Matrix, _ anchors: Anchors, _ parameters: Storage, _ parallelism: Parallelism
    ) -> Matrix {
        let trace = forward(input, anchors, keys: .own, parameters, parallelism)
        let slope = 1 / form.temperature
        let derivatives = derivatives(trace, Matrix(rows: 1, columns: 2, values: [-slope, slope]), parallelism)
        guard let result = imageGradient(trace, derivatives, parameters, nil, parallelism, needsInput: true) else {
            preconditionFailure("fsac: no derivative by the input")
        }
        return result
    }

    /// By what the modules pass on: of two roles of the same numbers, each has its own.
    struct Derivatives {
        /// By `CF`, `[B, C]`.
        var features: Matrix
        /// By `psi` where it is compared, `[2, C]`.
        var anchors: Matrix
        /// By the first attention where only the second uses it, `[B, 2]`.
        var attention: Matrix
        /// By what the second attention is made of, `[2, C]`.
        var attended: Matrix
        var answers: Matrix
        var echoes: Matrix
    }

    /// From the derivatives by `s(CF, CT)`, `[B, 2]`.
    private func derivatives(_ trace: Trace, _ gradient: Matrix, _ parallelism: Parallelism) -> Derivatives {
        switch trace.enhancement {
        case .own(let own):
            let nothing = Matrix(rows: 2, columns: layout.width)
            let (features, anchors, visual) = own.backward(gradient, trace.features, trace.anchors)
            return Derivatives(
                features: features, anchors: anchors,
                attention: visual.multiplied(byTransposed: trace.anchors.echoes, parallelism: parallelism),
                attended: nothing, answers: nothing, echoes: trace.attention.transposedProduct(visual))
        case .batch(let batch):
            return batch.backward(gradient, trace.anchors, trace.attention, parallelism)
        }
    }

    /// By the first attention's products `F attendedᵀ`, `[B, 2]`; `CF = ... + attention answers` (eq. 9).
    private func logitGradient(_ trace: Trace, _ derivatives: Derivatives, _ parallelism: Parallelism) -> Matrix {
        var attention = derivatives.attention
        attention.add(
            derivatives.features.multiplied(byTransposed: trace.anchors.answers, parallelism: parallelism))
        return attention.softmaxBackward(trace.attention).scaled(by: attentionScale)
    }

    /// - Parameter gradients: where those by the image adapter are written; nil leaves them out.
    /// - Returns: the derivatives by the input, when they are needed.
    private func imageGradient(
        _ trace: Trace, _ derivatives: Derivatives, _ parameters: Storage, _ gradients: Storage?,
        _ parallelism: Parallelism, needsInput: Bool
    ) -> Matrix? {
        let adapted = imageAdapter.backward(
            derivatives.features, trace.image, parameters, gradients, parallelism, needsInput: needsInput)
        guard var result = adapted, needsInput else { return nil }
        result.add(logitGradient(trace, derivatives, parallelism).multiplied(by: trace.anchors.attended))
        return result
    }

    private func textGradient(
        _ trace: Trace, _ derivatives: Derivatives, _ parameters: Storage, _ gradients: Storage,
        _ parallelism: Parallelism
    ) {
        var answers = derivatives.answers
        answers.add(trace.attention.transposedProduct(derivatives.features))
        layout.textToImage.parameterGradient(
            trace.anchors.answers, derivatives.echoes, into: gradients, parallelism)
        answers.add(layout.textToImage.inputGradient(derivatives.echoes, parameters, parallelism))
        var attended = derivatives.attended
        attended.add(logitGradient(trace, derivatives, parallelism).transposedProduct(trace.input))
        layout.imageToText.parameterGradient(trace.anchors.attended, answers, into: gradients, parallelism)
        attended.add(layout.imageToText.inputGradient(answers, parameters, parallelism))
        var adapted = derivatives.anchors
        if form.descriptor == .paper { adapted.add(attended) }
        guard
            var original = anchorAdapter.backward(
                adapted, trace.anchors.adapter, parameters, gradients, parallelism, needsInput: true)
        else { return }
        if form.descriptor == .released { original.add(attended) }
        (gradients.base + layout.anchorOffset).update(from: original.values, count: original.values.count)
    }
}
