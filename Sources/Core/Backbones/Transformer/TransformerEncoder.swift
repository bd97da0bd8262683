internal import CKernels

// R rows: the tokens of all sequences, one after the other. D width, H heads, h = D / H, M = 4 D hidden width of the MLP.

/// A stack of pre-norm transformer blocks with its scratch memory: what DINOv2 and both towers of CLIP compute with.
///
/// Several sequences may pass at once: their tokens are rows of one matrix for the linear layers, and each attends to itself
/// alone. Every phase is split over the outputs of its layer (attention: over heads), not over tokens, so that each thread
/// reads only its share of the weights, which are larger than the caches.
package final class TransformerEncoder {
    /// Phases that follow a block (numbered from 1), which may change `stream`, the block's output, in place.
    package typealias AfterBlock = (_ block: Int) -> [Parallelism.Phase]

    package let weights: TransformerWeights
    package let parallelism: Parallelism
    /// `[R, D]`: the residual stream; on the way back, the derivatives by it.
    package let stream: Storage
    /// `[R, D]`: the stream after layer norm.
    package let normalized: Storage
    /// `[R, H * 3 h]`.
    let queryKeyValue: Storage
    /// `[R, D]`: attention's output before its projection.
    let attended: Storage
    /// `[R, M]` or larger.
    let hidden: Storage
    /// One `[attentionRows, longest sequence]` a thread; none with blocks in integers.
    let scores: [Storage]
    /// Query rows that attend at a time, so that their scores (at most 512 KiB) stay in the second-level cache.
    let attentionRows: Int
    /// What blocks in integers need; nil when there are none.
    let integerScratch: IntegerScratch?
    /// Whether a token attends only to itself and those before it.
    let isCausal: Bool

    var shape: TransformerShape { weights.shape }
    var width: Int { weights.shape.width }

    /// - Parameters:
    ///   - rows: the most tokens of all sequences together.
    ///   - longestSequence: the most tokens of one.
    ///   - hiddenWidth: room for that many numbers a row in `hidden`, where a user needs more than M.
    package init(
        _ weights: TransformerWeights, rows: Int, longestSequence: Int, isCausal: Bool = false, hiddenWidth: Int = 0,
        parallelism: Parallelism
    ) {
        let width = weights.shape.width
        let slices = (longestSequence * longestSequence + 131_071) / 131_072
        self.weights = weights
        self.parallelism = parallelism
        self.isCausal = isCausal
        attentionRows = (longestSequence + slices - 1) / slices
        stream = Storage(count: rows * width)
        normalized = Storage(count: rows * width)
        queryKeyValue = Storage(count: rows * 3 * width)
        attended = Storage(count: rows * width)
        hidden = Storage(count: rows * max(weights.shape.hiddenWidth, hiddenWidth))
        integerScratch =
            weights.isInIntegers
            ? IntegerScratch(
                weights.shape, rows: rows, longestSequence: longestSequence, threads: parallelism.threads)
            : nil
        scores = (0..<(weights.isInIntegers ? 0 : parallelism.threads)).map { [attentionRows] _ in
            Storage(count: attentionRows * longestSequence)
        }
    }

    /// The phases that take `stream` through blocks 1 ... `depth`.
    ///
    /// - Parameters:
    ///   - sequences: the rows of each; they follow each other from row 0.
    ///   - tape: keeps what the way back needs; in single precision only.
    ///   - afterBlock: called now, for every block; what it gives runs after that block.
    package func phases(
        depth: Int, over sequences: [Range<Int>], recording tape: TransformerTape? = nil,
        afterBlock: AfterBlock = { _ in [] }
    ) -> [Parallelism.Phase] {
        let rows = sequences.last?.upperBound ?? 0
        precondition(rows * width <= stream.count, "transformer: \(rows) rows")
        switch weights.blocks {
        case .float32(let blocks):
            return blocks.prefix(depth).enumerated().flatMap { index, block in
                floatPhases(block, over: sequences, keeping: tape?.blocks[index]) + afterBlock(index + 1)
            }
        case .int8(let blocks):
            precondition(tape == nil, "transformer: no way back through integers")
            return blocks.prefix(depth).enumerated().flatMap { index, block in
                integerPhases(block, over: sequences) + afterBlock(index + 1)
            }
        }
    }

    private func floatPhases(
        _ block: TransformerBlock, over sequences: [Range<Int>], keeping kept: TransformerTape.Block?
    ) -> [Parallelism.Phase] {
        let rows = sequences.last?.upperBound ?? 0
        return [
            normPhase(block.norm1, rows: rows, keeping: kept?.input),
            attentionPhase(block, over: sequences, queryKeyValue: kept?.queryKeyValue ?? queryKeyValue),
            addPhase(block.projection, from: attended, rows: rows),
            normPhase(block.norm2, rows: rows, keeping: kept?.middle),
            hiddenPhase(block, rows: rows, slope: kept?.slope),
            addPhase(block.output, from: hidden, rows: rows),
        ]
    }

    /// `normalized = layerNorm(stream)`; with a copy of the stream.
    package func normPhase(_ norm: LayerNorm, rows: Int, keeping copy: Storage? = nil) -> Parallelism.Phase {
        parallelism.phase(over: rows) { [self] _, rows in
            let offset = rows.lowerBound * width
            copy.map { ($0.base + offset).update(from: stream.base + offset, count: rows.count * width) }
            fsac_layer_norm(
                stream.base + offset, norm.gamma.base, norm.beta.base, shape.layerNormEpsilon,
                normalized.base + offset, rows.count, width)
        }
    }

    /// `attended = softmax(Q Kᵀ) V`, with Q, K and V of the heads in hand from `normalized`.
    private func attentionPhase(
        _ block: TransformerBlock, over sequences: [Range<Int>], queryKeyValue: Storage
    ) -> Parallelism.Phase {
        let head = shape.headWidth
        let rows = sequences.last?.upperBound ?? 0
        return parallelism.phase(over: shape.heads) { [self] share, heads in
            for index in heads {
                let first = queryKeyValue.base + index * 3 * head
                block.queryKeyValue[index].apply(
                    normalized.base, stride: width, rows: rows, into: first, outputStride: 3 * width)
                for sequence in sequences { attend(sequence, head: index, first, scores: scores[share].base) }
            }
        }
    }

    private func attend(
        _ sequence: Range<Int>, head index: Int, _ queryKeyValue: UnsafePointer<Float>,
        scores: UnsafeMutablePointer<Float>
    ) {
        let head = shape.headWidth
        let value = queryKeyValue + 2 * head + sequence.lowerBound * 3 * width
        for start in stride(from: 0, to: sequence.count, by: attentionRows) {
            let count = min(attentionRows, sequence.count - start)
            attention(sequence, queries: start..<start + count, queryKeyValue, into: scores)
            gemm(
                count, head, sequence.count, scores, sequence.count, value, 3 * width,
                into: attended.base + (sequence.lowerBound + start) * width + index * head, width)
        }
    }

    /// `softmax(Q Kᵀ)`, `[queries.count, sequence.count]`, for some of a sequence's tokens.
    func attention(
        _ sequence: Range<Int>, queries: Range<Int>, _ queryKeyValue: UnsafePointer<Float>,
        into scores: UnsafeMutablePointer<Float>
    ) {
        let head = shape.headWidth
        let tokens = sequence.count
        let query = queryKeyValue + sequence.lowerBound * 3 * width
        gemm(
            queries.count, tokens, head, query + queries.lowerBound * 3 * width, 3 * width,
            query + head, 3 * width, transposeB: true, into: scores, tokens)
        guard isCausal else { return fsac_softmax(scores, queries.count, tokens, tokens) }
        for (row, token) in queries.enumerated() {
            fsac_softmax(scores + row * tokens, 1, token + 1, tokens)
            (scores + row * tokens + token + 1).update(repeating: 0, count: tokens - token - 1)
        }
    }

    /// `hidden = activation(W1 normalized)`; with the activation's slope.
    private func hiddenPhase(_ block: TransformerBlock, rows: Int, slope: Storage?) -> Parallelism.Phase {
        let layer = block.hidden
        return parallelism.phase(over: layer.panelCount) { [self] _, panels in
            layer.apply(
                normalized.base, stride: width, rows: rows, panels: panels,
                activation: slope == nil ? shape.activation : .none,
                into: hidden.base, outputStride: layer.outputs)
            slope.map { activate(layer.columns(panels), rows: rows, slope: $0) }
        }
    }

    /// `stream += LayerScale(W source)`.
    private func addPhase(_ layer: Linear, from source: Storage, rows: Int) -> Parallelism.Phase {
        parallelism.phase(over: layer.panelCount) { [self] _, panels in
            layer.apply(
                source.base, stride: layer.inputs, rows: rows, panels: panels, addend: stream.base,
                into: stream.base, outputStride: layer.outputs)
        }
    }
}
