internal import CKernels

// R rows, D width, H heads, h = D / H, M = 4 D.

/// What blocks in integers work in, beside the encoder's own memory.
struct IntegerScratch {
    /// Rows of width D, and of width M.
    let narrow: QuantisedRows
    let wide: QuantisedRows
    /// One a thread: the keys and the values of a head as the weights of linear layers.
    let keys: [Storage]
    let values: [Storage]
    /// As many zeros as a sequence has tokens: those layers have no bias.
    let noBias: Storage

    init(_ shape: TransformerShape, rows: Int, longestSequence: Int, threads: Int) {
        narrow = QuantisedRows(rows: rows, columns: shape.width)
        wide = QuantisedRows(rows: rows, columns: shape.hiddenWidth)
        let panelWidth = Linear.panelWidth
        func panels(_ inputs: Int, _ columns: Int) -> Storage {
            Storage(count: inputs * ((columns + panelWidth - 1) / panelWidth * panelWidth))
        }
        keys = (0..<threads).map { _ in panels(shape.headWidth, longestSequence) }
        values = (0..<threads).map { _ in panels(longestSequence, shape.headWidth) }
        noBias = Storage(count: max(longestSequence, shape.headWidth) + panelWidth)
    }
}

/// Blocks whose linear layers are in 8-bit integers. What is between them (the stream, attention, activations) is in single
/// precision; each layer's input becomes bytes by the row, in the layer norm or in a phase of its own.
///
/// Attention's products go through the kernel of linear layers and not through OpenBLAS, which sums in another order on each kind of
/// processor: the last bit of a number decides now and then to which byte it is rounded, and after some blocks that is 2 %. Here
/// every processor with AVX2 or AVX-512 computes the same, to the last bit.
extension TransformerEncoder {
    func integerPhases(_ block: IntegerBlock, over sequences: [Range<Int>]) -> [Parallelism.Phase] {
        guard let scratch = integerScratch, !isCausal else {
            preconditionFailure("transformer: no causal attention between layers in integers")
        }
        let rows = sequences.last?.upperBound ?? 0
        return [
            normPhase(block.norm1, as: scratch.narrow, rows: rows),
            attentionPhase(block, scratch, over: sequences),
            quantisePhase(attended, as: scratch.narrow, rows: rows),
            addPhase(block.projection, from: scratch.narrow, rows: rows),
            normPhase(block.norm2, as: scratch.narrow, rows: rows),
            hiddenPhase(block.hidden, of: scratch.narrow, rows: rows),
            quantisePhase(hidden, as: scratch.wide, rows: rows),
            addPhase(block.output, from: scratch.wide, rows: rows),
        ]
    }

    /// `target = layerNorm(stream)`.
    private func normPhase(_ norm: LayerNorm, as target: QuantisedRows, rows: Int) -> Parallelism.Phase {
        parallelism.phase(over: rows) { [self] _, rows in
            target.quantise(
                stream.base, rows: rows, gamma: norm.gamma, beta: norm.beta, epsilon: shape.layerNormEpsilon,
                scratch: normalized.base + rows.lowerBound * width)
        }
    }

    private func quantisePhase(_ source: Storage, as target: QuantisedRows, rows: Int) -> Parallelism.Phase {
        parallelism.phase(over: rows) { _, rows in target.quantise(source.base, stride: target.columns, rows: rows) }
    }

    /// `attended = softmax(Q Kᵀ) V`, with Q, K and V of the heads in hand from the rows in `scratch`.
    private func attentionPhase(
        _ block: IntegerBlock, _ scratch: IntegerScratch, over sequences: [Range<Int>]
    ) -> Parallelism.Phase {
        let rows = sequences.last?.upperBound ?? 0
        return parallelism.phase(over: shape.heads) { [self] share, heads in
            for index in heads {
                let first = queryKeyValue.base + index * 3 * shape.headWidth
                block.queryKeyValue[index].apply(scratch.narrow, rows: rows, into: first, outputStride: 3 * width)
                for sequence in sequences { attend(sequence, head: index, first, scratch, share: share) }
            }
        }
    }

    private func attend(
        _ sequence: Range<Int>, head index: Int, _ queryKeyValue: UnsafePointer<Float>, _ scratch: IntegerScratch,
        share: Int
    ) {
        let (head, tokens, bias) = (shape.headWidth, sequence.count, scratch.noBias.base)
        let (keys, values, scores) = (scratch.keys[share].base, scratch.values[share].base, scores[share].base)
        let query = queryKeyValue + sequence.lowerBound * 3 * width
        fsac_pack_panels(query + head, 3 * width, true, head, tokens, keys)
        fsac_pack_panels(query + 2 * head, 3 * width, false, tokens, head, values)
        for start in stride(from: 0, to: tokens, by: attentionRows) {
            let count = min(attentionRows, tokens - start)
            fsac_linear(
                query + start * 3 * width, 3 * width, count, keys, bias, head, tokens, nil, FSAC_NO_ACTIVATION, scores,
                tokens)
            fsac_softmax(scores, count, tokens, tokens)
            fsac_linear(
                scores, tokens, count, values, bias, tokens, head, nil, FSAC_NO_ACTIVATION,
                attended.base + (sequence.lowerBound + start) * width + index * head, width)
        }
    }

    /// `hidden = activation(W1 source)`.
    private func hiddenPhase(_ layer: IntegerLinear, of source: QuantisedRows, rows: Int) -> Parallelism.Phase {
        parallelism.phase(over: layer.panelCount) { [self] _, panels in
            layer.apply(
                source, rows: rows, panels: panels, activation: shape.activation, into: hidden.base,
                outputStride: layer.outputs)
        }
    }

    /// `stream += LayerScale(W source)`.
    private func addPhase(_ layer: IntegerLinear, from source: QuantisedRows, rows: Int) -> Parallelism.Phase {
        parallelism.phase(over: layer.panelCount) { [self] _, panels in
            layer.apply(
                source, rows: rows, panels: panels, addend: stream.base, into: stream.base, outputStride: layer.outputs)
        }
    }
}
