internal import CKernels

// R tokens of all prompts of a batch, D width of the tower.

/// What a pass of prompts leaves behind for the way back.
package struct TextTransformerTape {
    let blocks: TransformerTape
    /// `[prompts, D]`: the last token of each after the last block.
    let last: Storage

    package init(_ network: TextTransformer, prompts: [[Int32]]) {
        let shape = network.weights.encoder.shape
        let rows = TextTransformer.sequences(of: prompts).last?.upperBound ?? 0
        blocks = TransformerTape(shape, depth: shape.depth, rows: rows)
        last = Storage(count: prompts.count * shape.width)
    }
}

extension TextTransformer {
    /// The way back from the last tokens to what the first block takes.
    ///
    /// - Parameters:
    ///   - gradient: `[prompts, D]`, the derivatives by what ``lastTokens(of:recording:afterBlock:)`` returned.
    ///   - prompts: those of the pass that the tape has recorded.
    ///   - afterBlock: see `TransformerEncoder.gradientPhases`.
    /// - Returns: `[R, D]`.
    package func streamGradient(
        of gradient: Matrix, for prompts: [[Int32]], through tape: TextTransformerTape,
        afterBlock: TransformerEncoder.AfterBlock = { _ in [] }
    ) -> Matrix {
        let sequences = Self.sequences(of: prompts)
        let (rows, width) = (tape.blocks.rows, gradient.columns)
        encoder.stream.base.update(repeating: 0, count: rows * width)
        for (index, sequence) in sequences.enumerated() {
            fsac_layer_norm_gradient(
                tape.last.base + index * width, weights.norm.gamma.base, weights.encoder.shape.layerNormEpsilon,
                Array(gradient.row(index)), nil, encoder.stream.base + (sequence.upperBound - 1) * width, 1, width)
        }
        encoder.parallelism.run(
            encoder.gradientPhases(through: tape.blocks, over: sequences, afterBlock: afterBlock))
        return Matrix(rows: rows, columns: width, values: encoder.stream.values(0..<rows * width))
    }
}
