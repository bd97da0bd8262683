// R rows, D width, H heads, h = D / H, M = 4 D.

/// What blocks in integers work in, beside the encoder's own memory.
struct IntegerScratch {
    /// Rows of width D, and of width M.
    let narrow: QuantisedRows
    let wide: QuantisedRows
    /// One a thread.
    let attention: [IntegerAttention]

    init(_ shape: TransformerShape, rows: Int, longestSequence: Int, threads: Int) {
        narrow = QuantisedRows(rows: rows, columns: shape.width)
        wide = QuantisedRows(rows: rows, columns: shape.hiddenWidth)
        attention = (0..<threads).map { _ in IntegerAttention(tokens: longestSequence, width: shape.headWidth) }
    }
}

/// Blocks whose products are in 8-bit integers. What is between them (the stream, norms, activations) is in single precision; each
/// layer's input becomes bytes by the row, in the layer norm or in a phase of its own.
///
/// Nothing here goes through OpenBLAS, which sums in another order on each kind of processor: the last bit of a number decides now and
/// then to which byte it is rounded, and after some blocks that is 2 %. Every processor with AVX2 or AVX-512 computes the same, to the
/// last bit.
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
        let (head, rows) = (shape.headWidth, sequences.last?.upperBound ?? 0)
        return parallelism.phase(over: shape.heads) { [self] share, heads in
            for index in heads {
                let first = queryKeyValue.base + index * 3 * head
                block.queryKeyValue[index].apply(scratch.narrow, rows: rows, into: first, outputStride: 3 * width)
                for sequence in sequences {
                    let query = first + sequence.lowerBound * 3 * width
                    scratch.attention[share].apply(
                        query: query, key: query + head, value: query + 2 * head, stride: 3 * width,
                        tokens: sequence.count, into: attended.base + sequence.lowerBound * width + index * head,
                        outputStride: width)
                }
            }
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
