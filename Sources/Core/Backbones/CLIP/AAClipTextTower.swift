// P prompts, R tokens of all prompts of a pass, D width, C width of the text's space.

/// CLIP's text tower with AA-CLIP's adapters, which have a projection of their own.
package final class AAClipTextTower {
    private let network: TextTransformer
    private let adapters: AAClipAdapters
    private let projection: AdapterLayer
    private let parallelism: Parallelism

    /// Nil when the adapters leave the text tower as it is.
    ///
    /// - Precondition: `adapters.problem(in:)` has nothing to say.
    package init?(_ network: TextTransformer, _ adapters: AAClipAdapters, _ parallelism: Parallelism) {
        guard let projection = adapters.layout.textProjection else { return nil }
        self.network = network
        self.adapters = adapters
        self.projection = projection
        self.parallelism = parallelism
    }

    /// As ``TextTransformer/embeddings(of:progress:)``.
    package func embeddings(of prompts: [[Int32]], progress: (Double) -> Void = { _ in }) -> Matrix {
        var values: [Float] = []
        for batch in network.batches(of: prompts) {
            let some = Array(prompts[batch])
            let rows = TextTransformer.sequences(of: some).last?.upperBound ?? 0
            let last = network.lastTokens(of: some) { [self] block in
                adapters.phases(after: block, adapters.layout.textAdapters, on: network.encoder, rows: rows)
            }
            values += projection.apply(last, adapters.parameters, parallelism).values
            progress(Double(batch.upperBound) / Double(prompts.count))
        }
        return Matrix(rows: prompts.count, columns: projection.outputs, values: values)
    }

    /// As ``embeddings(of:progress:)``, and what the way back needs, pass by pass.
    package func embeddings(recording prompts: [[Int32]]) -> (embeddings: Matrix, tapes: [AAClipTextTape]) {
        let tapes = network.batches(of: prompts).map { batch in
            let some = Array(prompts[batch])
            let tape = TextTransformerTape(network, prompts: some)
            let rows = TextTransformer.sequences(of: some).last?.upperBound ?? 0
            let copies = adapters.layout.textAdapters.map { Storage(count: rows * $0.inputs) }
            let last = network.lastTokens(of: some, recording: tape) { [self] block in
                adapters.phases(
                    after: block, adapters.layout.textAdapters, on: network.encoder, rows: rows, keeping: copies)
            }
            let output = projection.apply(last, adapters.parameters, parallelism)
            return AAClipTextTape(
                prompts: some, range: batch, rows: rows, blocks: tape, copies: copies, last: last, output: output)
        }
        let values = tapes.flatMap(\.output.values)
        return (Matrix(rows: prompts.count, columns: projection.outputs, values: values), tapes)
    }

    /// The way back from the embeddings to the adapters.
    ///
    /// - Parameters:
    ///   - gradient: derivatives by what ``embeddings(recording:)`` returned, `[P, C]`.
    ///   - gradients: the derivatives by the adapters' weights are added here.
    package func backward(_ gradient: Matrix, through tapes: [AAClipTextTape], into gradients: Storage) {
        for tape in tapes {
            let last = projection.backward(
                tape.last, output: tape.output, gradient.rows(Array(tape.range)), adapters.parameters, into: gradients,
                parallelism)
            _ = network.streamGradient(of: last, for: tape.prompts, through: tape.blocks) { [self] block in
                adapters.gradientPhases(
                    after: block, adapters.layout.textAdapters, on: network.encoder, rows: tape.rows,
                    kept: tape.copies, into: gradients)
            }
        }
    }
}

/// What a pass of prompts leaves behind for the way back to the adapters.
package struct AAClipTextTape {
    let prompts: [[Int32]]
    /// Of all prompts, those of this pass.
    let range: Range<Int>
    let rows: Int
    let blocks: TextTransformerTape
    /// One an adapter, `[R, D]`: the stream before it.
    let copies: [Storage]
    /// `[P, D]`: the prompts' last tokens after the final norm.
    let last: Matrix
    /// `[P, C]`.
    let output: Matrix
}
