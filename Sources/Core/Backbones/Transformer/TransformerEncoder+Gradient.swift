internal import CKernels

// R rows, D width, H heads, h = D / H, M = 4 D. Weights are constants: derivatives are by the stream alone.

extension TransformerEncoder {
    /// The phases that take derivatives back through the blocks of a tape; `stream` holds them all the way: at the start those
    /// by the last block's output, at the end those by the first block's input.
    ///
    /// The scratch memory is that of the way forth: what is to be kept of that has been copied before.
    ///
    /// - Parameters:
    ///   - sequences: those of the pass that the tape has recorded.
    ///   - gradients: by block, further derivatives by its output, `[R, D]`: they are added on the way.
    ///   - afterBlock: called now, for every block; what it gives runs when `stream` holds all derivatives by what followed
    ///     that block on the way forth, and turns them into those by the block's output.
    package func gradientPhases(
        through tape: TransformerTape, over sequences: [Range<Int>], adding gradients: [Int: Matrix] = [:],
        afterBlock: AfterBlock = { _ in [] }
    ) -> [Parallelism.Phase] {
        precondition(sequences.last?.upperBound == tape.rows, "transformer: a tape of \(tape.rows) rows")
        guard case .float32(let blocks) = weights.blocks else {
            preconditionFailure("transformer: no way back through integers")
        }
        let slopes = (0..<parallelism.threads).map { _ in Storage(count: scores[0].count) }
        return tape.blocks.indices.reversed().flatMap { index in
            let (block, kept) = (blocks[index], tape.blocks[index])
            let addition = gradients[index + 1].map { [additionPhase($0)] } ?? []
            return addition + afterBlock(index + 1) + [
                hiddenGradientPhase(block, kept),
                transposedPhase(block.hidden, hidden, into: normalized, rows: tape.rows),
                normGradientPhase(block.norm2, at: kept.middle, rows: tape.rows),
                transposedPhase(block.projection, stream, into: attended, rows: tape.rows),
                attentionGradientPhase(kept, over: sequences, slopes),
                headsGradientPhase(block, rows: tape.rows),
                normGradientPhase(block.norm1, at: kept.input, rows: tape.rows),
            ]
        }
    }

    /// In `hidden`: from its value before the activation to its activated value, with the slope beside it.
    func activate(_ columns: Range<Int>, rows: Int, slope: Storage) {
        for row in 0..<rows {
            let offset = row * shape.hiddenWidth + columns.lowerBound
            let (values, slopes) = (hidden.base + offset, slope.base + offset)
            switch shape.activation {
            case .gelu: fsac_gelu_with_slope(values, values, slopes, columns.count)
            case .quickGELU: fsac_quick_gelu_with_slope(values, values, slopes, columns.count)
            case .none, .relu6: preconditionFailure("transformer: no slope of \(shape.activation)")
            }
        }
    }

    private func additionPhase(_ gradient: Matrix) -> Parallelism.Phase {
        precondition(gradient.columns == width, "transformer: a gradient of width \(gradient.columns)")
        return parallelism.phase(over: 1) { [self] _, _ in
            for (index, value) in gradient.values.enumerated() { stream.base[index] += value }
        }
    }

    /// `output = source W`, the way back through a layer.
    private func transposedPhase(
        _ layer: Linear, _ source: Storage, into output: Storage, rows: Int
    ) -> Parallelism.Phase {
        layer.phase(parallelism) { _, inputs in
            layer.applyTransposed(
                source.base, stride: layer.outputs, rows: rows, inputs: inputs, into: output.base,
                outputStride: layer.inputs)
        }
    }

    /// `hidden = (stream W2) * slope`.
    private func hiddenGradientPhase(_ block: TransformerBlock, _ kept: TransformerTape.Block) -> Parallelism.Phase {
        let layer = block.output
        let rows = kept.input.count / width
        return layer.phase(parallelism) { [self] _, inputs in
            layer.applyTransposed(
                stream.base, stride: width, rows: rows, inputs: inputs, into: hidden.base, outputStride: layer.inputs)
            for row in 0..<rows {
                let (values, slopes) = (hidden.base + row * layer.inputs, kept.slope.base + row * layer.inputs)
                for column in inputs { values[column] *= slopes[column] }
            }
        }
    }

    /// `stream += ` the derivatives by a layer norm's input, from those by its output in `normalized`.
    private func normGradientPhase(_ norm: LayerNorm, at input: Storage, rows: Int) -> Parallelism.Phase {
        parallelism.phase(over: rows) { [self] _, rows in
            let offset = rows.lowerBound * width
            fsac_layer_norm_gradient(
                input.base + offset, norm.gamma.base, shape.layerNormEpsilon, normalized.base + offset,
                stream.base + offset, stream.base + offset, rows.count, width)
        }
    }

    /// From the derivatives by attention's output in `attended` to those by Q, K and V in `queryKeyValue`.
    private func attentionGradientPhase(
        _ kept: TransformerTape.Block, over sequences: [Range<Int>], _ slopes: [Storage]
    ) -> Parallelism.Phase {
        parallelism.phase(over: shape.heads) { [self] share, heads in
            for head in heads {
                for sequence in sequences {
                    attentionGradient(sequence, head, kept.queryKeyValue, scores[share].base, slopes[share].base)
                }
            }
        }
    }

    /// With P = softmax(Q Kᵀ), A = P V: dV = Pᵀ dA, dP = dA Vᵀ, dS = P (dP - sum(P dP)), dQ = dS K, dK = dSᵀ Q.
    private func attentionGradient(
        _ sequence: Range<Int>, _ index: Int, _ kept: Storage, _ scores: UnsafeMutablePointer<Float>,
        _ slopes: UnsafeMutablePointer<Float>
    ) {
        let (head, tokens, stride) = (shape.headWidth, sequence.count, 3 * width)
        let offset = sequence.lowerBound * stride + index * 3 * head
        let (query, gradient) = (kept.base + offset, queryKeyValue.base + offset)
        for start in Swift.stride(from: 0, to: tokens, by: attentionRows) {
            let count = min(attentionRows, tokens - start)
            let beta: Float = start == 0 ? 0 : 1
            let output = attended.base + (sequence.lowerBound + start) * width + index * head
            attention(sequence, queries: start..<start + count, kept.base + index * 3 * head, into: scores)
            gemm(
                tokens, head, count, scores, tokens, transposeA: true, output, width, beta: beta,
                into: gradient + 2 * head, stride)
            gemm(count, tokens, head, output, width, query + 2 * head, stride, transposeB: true, into: slopes, tokens)
            fsac_softmax_gradient(scores, slopes, count, tokens, tokens)
            gemm(count, head, tokens, slopes, tokens, query + head, stride, into: gradient + start * stride, stride)
            gemm(
                tokens, head, count, slopes, tokens, transposeA: true, query + start * stride, stride, beta: beta,
                into: gradient + head, stride)
        }
    }

    /// `normalized = ` the sum over the heads of the way back through their layers.
    private func headsGradientPhase(_ block: TransformerBlock, rows: Int) -> Parallelism.Phase {
        block.projection.phase(parallelism) { [self] _, inputs in
            for (index, layer) in block.queryKeyValue.enumerated() {
                layer.applyTransposed(
                    queryKeyValue.base + index * layer.outputs, stride: 3 * width, rows: rows, inputs: inputs,
                    addend: index == 0 ? nil : normalized.base, into: normalized.base, outputStride: width)
            }
        }
    }
}

extension Linear {
    /// A phase that splits the inputs, in runs of whole panels of the transposed layer.
    func phase(
        _ parallelism: Parallelism, _ body: @escaping (_ share: Int, _ inputs: Range<Int>) -> Void
    ) -> Parallelism.Phase {
        let inputs = inputs
        return parallelism.phase(over: (inputs + Self.panelWidth - 1) / Self.panelWidth) { share, range in
            body(share, range.lowerBound * Self.panelWidth..<min(range.upperBound * Self.panelWidth, inputs))
        }
    }
}
