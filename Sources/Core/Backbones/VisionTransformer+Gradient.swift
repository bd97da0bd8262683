internal import CKernels

// T tokens = 1 + patches, D width, C width of the embedding.

/// What a pass of a picture leaves behind for the way back.
package struct VisionTransformerTape {
    let blocks: TransformerTape
    /// `[T, D]`: the stream before CLIP's first norm.
    let embedded: Storage
    /// `[T, D]`: the stream after the last block.
    let last: Storage

    package init(_ network: VisionTransformer) {
        let shape = network.encoder.weights.shape
        blocks = TransformerTape(shape, depth: shape.depth, rows: network.tokens)
        embedded = Storage(count: network.tokens * shape.width)
        last = Storage(count: network.tokens * shape.width)
    }
}

extension VisionTransformer {
    /// Exact reverse mode (CLIP-FSAC++, eq. 17), at about twice the cost of the features alone and with nine numbers a token,
    /// channel and block of memory.
    package func features(
        of input: Tensor, _ request: FeatureRequest, scoreGradient: ([Float]) -> [Float]
    ) -> (features: Features, inputGradient: Tensor) {
        precondition(request.finalTokens, "vision transformer: a gradient without the final tokens")
        let tape = VisionTransformerTape(self)
        let features = features(of: input, request, recording: tape)
        let gradient = scoreGradient(features.classToken ?? [])
        startFromClassToken(gradient, tape)
        parallelism.run(
            encoder.gradientPhases(through: tape.blocks, over: [0..<tokens]) + inputGradientPhases(through: tape))
        return (features, Tensor(shape: input.shape, values: pixels.values(0..<input.values.count)))
    }

    /// The stream becomes the derivatives by the last block's output, which hang on the class token alone.
    private func startFromClassToken(_ gradient: [Float], _ tape: VisionTransformerTape) {
        precondition(gradient.count == weights.projection?.outputs ?? width, "vision transformer: \(gradient.count)")
        encoder.stream.base.update(repeating: 0, count: tokens * width)
        let row = Storage(count: width)
        if let projection = weights.projection {
            projection.applyTransposed(
                gradient, stride: gradient.count, rows: 1, into: row.base, outputStride: width)
        } else {
            row.base.update(from: gradient, count: width)
        }
        fsac_layer_norm_gradient(
            tape.last.base, weights.norm.gamma.base, weights.shape.layerNormEpsilon, row.base, nil,
            encoder.stream.base, 1, width)
    }

    /// From the derivatives by what the first block takes, in the stream, to those by the input, in `pixels`.
    package func inputGradientPhases(through tape: VisionTransformerTape) -> [Parallelism.Phase] {
        let patches = parallelism.phase(over: grid.rows) { [self] _, lines in patchGradient(lines) }
        guard let norm = weights.firstNorm else { return [patches] }
        let normalisation = parallelism.phase(over: tokens) { [self] _, rows in
            let offset = rows.lowerBound * width
            let stream = encoder.stream.base + offset
            fsac_layer_norm_gradient(
                tape.embedded.base + offset, norm.gamma.base, weights.shape.layerNormEpsilon, stream, nil, stream,
                rows.count, width)
        }
        return [normalisation, patches]
    }

    private func patchGradient(_ lines: Range<Int>) {
        let patches = weights.patchEmbedding
        let first = 1 + lines.lowerBound * grid.columns
        patches.applyTransposed(
            encoder.stream.base + first * width, lines: lines, outputWidth: grid.columns,
            windows: encoder.hidden.base + first * patches.windowSize, into: pixels.base, height: input.height,
            width: input.width)
    }
}
