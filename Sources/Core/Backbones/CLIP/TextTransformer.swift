internal import CKernels

// R tokens of all prompts of a batch, D width of the tower, C width of the embedding.

/// Weights of CLIP's text tower, laid out for computing.
package struct CLIPTextWeights: Sendable {
    package let configuration: CLIPConfiguration.TextTower
    /// `[vocabulary, D]`.
    let tokenEmbedding: Matrix
    /// `[context length, D]`.
    let positions: Matrix
    package let encoder: TransformerWeights
    let norm: LayerNorm
    /// `D -> C`.
    package let projection: Linear

    /// - Parameter weights: tensors under OpenCLIP's names, `token_embedding.weight` and so on.
    /// - Throws: `WeightsError` naming the first tensor that is missing or has another shape.
    package init(_ weights: WeightScope, _ configuration: CLIPConfiguration) throws(WeightsError) {
        let tower = configuration.text
        self.configuration = tower
        tokenEmbedding = try weights["token_embedding"].matrix("weight", tower.vocabularySize, tower.width)
        positions = try weights.matrix("positional_embedding", tower.contextLength, tower.width)
        encoder = try TransformerWeights(
            openCLIP: weights["transformer"],
            TransformerShape(clip: configuration, tower.width, tower.depth, tower.heads))
        norm = try LayerNorm(weights["ln_final"], tower.width)
        projection = try Linear(
            projection: "text_projection", weights, inputs: tower.width, outputs: configuration.embeddingWidth)
    }
}

/// CLIP's text tower (Radford et al. 2021): causal blocks, and the last token of a text stands for all of it.
///
/// A token sees only those before it, so what follows the end of a text cannot matter and is not computed.
package final class TextTransformer {
    package let encoder: TransformerEncoder
    package let weights: CLIPTextWeights
    private let parallelism: Parallelism
    /// Tokens at a time: enough that the linear layers are fast, few enough that their inputs stay in the cache.
    private let rows: Int

    private var width: Int { weights.configuration.width }

    package init(_ weights: CLIPTextWeights, parallelism: Parallelism) {
        self.weights = weights
        self.parallelism = parallelism
        rows = max(weights.configuration.contextLength, 384)
        encoder = TransformerEncoder(
            weights.encoder, rows: rows, longestSequence: weights.configuration.contextLength, isCausal: true,
            parallelism: parallelism)
    }

    /// - Parameters:
    ///   - prompts: tokens of each, `contextLength` numbers, all in the vocabulary; the largest number ends the text.
    ///   - progress: called with the share that is done.
    /// - Returns: `[prompts, C]`, not normalised.
    package func embeddings(of prompts: [[Int32]], progress: (Double) -> Void = { _ in }) -> Matrix {
        let outputs = weights.projection.outputs
        var result = Matrix(rows: prompts.count, columns: outputs)
        for batch in batches(of: prompts) {
            let last = lastTokens(of: Array(prompts[batch]))
            result.values.withUnsafeMutableBufferPointer { values in
                guard let values = values.baseAddress else { return }
                parallelism.forEachRange(of: weights.projection.panelCount) { [self] _, panels in
                    weights.projection.apply(
                        last.values, stride: width, rows: batch.count, panels: panels,
                        into: values + batch.lowerBound * outputs, outputStride: outputs)
                }
            }
            progress(Double(batch.upperBound) / Double(prompts.count))
        }
        return result
    }

    /// Runs of prompts whose tokens together fit into one pass.
    package func batches(of prompts: [[Int32]]) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var (first, tokens) = (0, 0)
        for (index, prompt) in prompts.enumerated() {
            let length = Self.length(of: prompt)
            if tokens + length > rows {
                batches.append(first..<index)
                (first, tokens) = (index, 0)
            }
            tokens += length
        }
        return first < prompts.count ? batches + [first..<prompts.count] : batches
    }

    /// The last token of each prompt after the blocks and the final norm, before the projection.
    ///
    /// - Parameters:
    ///   - prompts: one batch.
    ///   - tape: keeps what the way back needs; of as many rows as ``sequences(of:)`` have.
    ///   - afterBlock: see `TransformerEncoder.phases`.
    /// - Returns: `[prompts, D]`.
    package func lastTokens(
        of prompts: [[Int32]], recording tape: TextTransformerTape? = nil,
        afterBlock: TransformerEncoder.AfterBlock = { _ in [] }
    ) -> Matrix {
        let sequences = Self.sequences(of: prompts)
        let embedding = parallelism.phase(over: prompts.count) { [self] _, range in
            for index in range { embed(prompts[index], into: sequences[index]) }
        }
        let blocks = encoder.phases(
            depth: encoder.weights.shape.depth, over: sequences, recording: tape?.blocks, afterBlock: afterBlock)
        parallelism.run([embedding] + blocks)
        var result = Matrix(rows: prompts.count, columns: width)
        for (index, sequence) in sequences.enumerated() {
            let last = encoder.stream.base + (sequence.upperBound - 1) * width
            tape.map { ($0.last.base + index * width).update(from: last, count: width) }
            result.values.withUnsafeMutableBufferPointer { values in
                guard let values = values.baseAddress else { return }
                fsac_layer_norm(
                    last, weights.norm.gamma.base, weights.norm.beta.base, weights.encoder.shape.layerNormEpsilon,
                    values + index * width, 1, width)
            }
        }
        return result
    }

    /// Rows of the stream that each prompt of a batch takes.
    package static func sequences(of prompts: [[Int32]]) -> [Range<Int>] {
        var first = 0
        return prompts.map { prompt in
            defer { first += length(of: prompt) }
            return first..<first + length(of: prompt)
        }
    }

    /// Tokens up to the end of the text, which has the largest number.
    private static func length(of prompt: [Int32]) -> Int {
        (prompt.firstIndex(of: prompt.max() ?? 0) ?? 0) + 1
    }

    private func embed(_ prompt: [Int32], into rows: Range<Int>) {
        precondition(rows.count <= weights.configuration.contextLength, "text transformer: \(rows.count) tokens")
        for (position, row) in rows.enumerated() {
            let token = Int(prompt[position])
            precondition((0..<weights.configuration.vocabularySize).contains(token), "text transformer: token \(token)")
            let sum = zip(weights.tokenEmbedding.row(token), weights.positions.row(position)).map(+)
            (encoder.stream.base + row * width).update(from: sum, count: width)
        }
    }
}
