extension FSACNetwork {
    /// The loss of a batch and its derivatives by all parameters.
    ///
    /// - Parameters:
    ///   - labels: `[B]`; see `FSACLoss`.
    ///   - gradients: as many numbers as `parameters`, all of them written.
    func loss(
        of input: Matrix, labels: [Float], _ parameters: Storage, gradients: Storage, _ parallelism: Parallelism
    ) -> Float {
        let trace = forward(input, parameters, parallelism)
        let loss = FSACLoss(
            anchorSimilarity: trace.anchorSimilarity, enhancedSimilarity: trace.enhancedSimilarity, labels: labels,
            settings: settings)
        var (features, anchors, visual) = similarityGradients(trace, loss, parallelism)

        // VT = P echoes and CF = ... + P answers, with P = softmax(F psiᵀ / sqrt(C)).
        let echoes = trace.attention.transposedProduct(visual)
        var attention = visual.multiplied(byTransposed: trace.echoes, parallelism: parallelism)
        attention.add(features.multiplied(byTransposed: trace.answers, parallelism: parallelism))
        var answers = trace.attention.transposedProduct(features)
        let logits = attention.softmaxBackward(trace.attention).scaled(by: 1 / Float(layout.width).squareRoot())
        anchors.add(logits.transposedProduct(input))

        if let more = layout.textToImage.backward(trace.answers, echoes, parameters, into: gradients, parallelism) {
            answers.add(more)
        }
        if let more = layout.imageToText.backward(
            trace.adaptedAnchors, answers, parameters, into: gradients, parallelism)
        {
            anchors.add(more)
        }

        var original = anchors.scaled(by: 1 - settings.anchorResidual)
        if let more = backward(
            anchors.scaled(by: settings.anchorResidual), trace.anchor, layout.anchorAdapter, parameters, gradients,
            .serial, needsInput: true)
        {
            original.add(more)
        }
        (gradients.base + layout.anchorOffset).update(from: original.values, count: original.values.count)
        features = features.scaled(by: settings.imageResidual)
        _ = backward(
            features, trace.image, layout.imageAdapter, parameters, gradients, parallelism, needsInput: false)
        return loss.value
    }

    /// The loss's derivatives by `CF`, by `psi` (where it appears in the similarities) and by `VT`.
    ///
    /// With `c = a . b / (|a| |b|)`: `dc/da = b / (|a| |b|) - c a / |a|^2`.
    private func similarityGradients(
        _ trace: Trace, _ loss: FSACLoss, _ parallelism: Parallelism
    ) -> (features: Matrix, anchors: Matrix, visual: Matrix) {
        let count = trace.input.rows
        let share = settings.patchShare
        // Factors of the other vector, and of the vector itself.
        var across = Matrix(rows: count, columns: 2)
        var enhancedOwn = Matrix(rows: count, columns: 2)
        var (featureOwn, enhancedAcross, enhancedOwnSum) = (
            [Float](repeating: 0, count: count), [Float](repeating: 0, count: count),
            [Float](repeating: 0, count: count)
        )
        var anchorOwn: [Float] = [0, 0]
        for row in 0..<count {
            let norm = trace.featureNorms[row]
            for side in 0..<2 {
                let byAnchor = loss.byAnchorSimilarity[row, side]
                let byEnhanced = loss.byEnhancedSimilarity[row, side]
                let anchorNorm = trace.anchorNorms[side]
                let enhancedNorm = trace.enhancedNorms[row, side]
                let anchorPull = byAnchor * trace.anchorSimilarity[row, side]
                let enhancedPull = byEnhanced * trace.enhancedSimilarity[row, side]
                across[row, side] = byAnchor / (norm * anchorNorm) + byEnhanced / (norm * enhancedNorm)
                enhancedAcross[row] += byEnhanced / (norm * enhancedNorm)
                enhancedOwn[row, side] = enhancedPull / (enhancedNorm * enhancedNorm)
                enhancedOwnSum[row] += enhancedOwn[row, side]
                featureOwn[row] -= (anchorPull + enhancedPull) / (norm * norm)
                anchorOwn[side] -= anchorPull / (anchorNorm * anchorNorm) + enhancedOwn[row, side]
            }
        }
        // CT = psi + share VT enters by the sums that it is made of.
        var features = across.multiplied(by: trace.adaptedAnchors, parallelism: parallelism)
        features.add(trace.visual, rowFactors: enhancedAcross, scale: share)
        features.add(trace.features, rowFactors: featureOwn)
        var anchors = across.transposedProduct(trace.features)
        anchors.add(trace.adaptedAnchors, rowFactors: anchorOwn)
        anchors.add(enhancedOwn.transposedProduct(trace.visual), scale: -share)
        var visual = enhancedOwn.multiplied(by: trace.adaptedAnchors, parallelism: parallelism).scaled(by: -share)
        visual.add(trace.features, rowFactors: enhancedAcross, scale: share)
        visual.add(trace.visual, rowFactors: enhancedOwnSum, scale: -share * share)
        return (features, anchors, visual)
    }

    /// From the gradient of an adapter's output to that of its input.
    private func backward(
        _ output: Matrix, _ trace: AdapterTrace, _ layers: [Affine], _ parameters: Storage, _ gradients: Storage,
        _ parallelism: Parallelism, needsInput: Bool
    ) -> Matrix? {
        var gradient = output
        for index in layers.indices.reversed() {
            if index < trace.slopes.count { gradient.multiply(by: trace.slopes[index]) }
            guard
                let next = layers[index].backward(
                    trace.inputs[index], gradient, parameters, into: gradients, parallelism,
                    needsInput: needsInput || index > 0)
            else { return nil }
            gradient = next
        }
        return gradient
    }
}

extension Matrix {
    /// From the gradient of a softmax over rows to that of what went in.
    fileprivate func softmaxBackward(_ probabilities: Matrix) -> Matrix {
        let sums = rowProducts(probabilities)
        var result = self
        for row in 0..<rows {
            for column in 0..<columns {
                result[row, column] = probabilities[row, column] * (self[row, column] - sums[row])
            }
        }
        return result
    }
}
