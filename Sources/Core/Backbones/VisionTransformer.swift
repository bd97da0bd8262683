internal import CKernels

// T tokens = 1 + patches, D width, H heads, h = D / H, M = 4 D hidden width of the MLP.

/// A vision transformer (Dosovitskiy et al. 2021) in DINOv2's form: pre-norm blocks with LayerScale, exact GELU.
///
/// Every phase is split over the outputs of its layer (attention: over heads), not over tokens, so that each thread reads
/// only its share of the weights, which are larger than the caches.
package final class VisionTransformer: Backbone {
    package let inputSize: Int
    private let weights: VisionTransformerWeights
    private let grid: PatchGrid
    private let parallelism: Parallelism
    /// `[T, D]`: class token and positions, resampled to this grid.
    private let embedding: Storage
    private let scratch: Scratch

    /// Everything that a forward pass writes to; allocated once.
    private struct Scratch {
        /// The input, `[3, inputSize, inputSize]`.
        let pixels: Storage
        /// `[T, D]`: the residual stream.
        let stream: Storage
        /// `[T, D]`: the stream after layer norm.
        let normalized: Storage
        /// `[T, H * 3 h]`.
        let queryKeyValue: Storage
        /// `[T, D]`: attention's output before its projection.
        let attended: Storage
        /// `[T, M]`; before the first block, the patches' pixels `[T, 3 * patch * patch]`.
        let hidden: Storage
        /// One `[attentionRows, T]` a thread.
        let scores: [Storage]
    }

    /// Query rows that attend at a time, so that their scores (at most 512 KiB) stay in the second-level cache.
    private let attentionRows: Int
    private var width: Int { weights.configuration.width }
    private var tokens: Int { grid.count + 1 }

    package init(_ weights: VisionTransformerWeights, inputSize: Int, parallelism: Parallelism) {
        let configuration = weights.configuration
        precondition(
            inputSize > 0 && inputSize % configuration.patchSize == 0,
            "vision transformer: input size \(inputSize) is no multiple of \(configuration.patchSize)")
        self.inputSize = inputSize
        self.weights = weights
        self.parallelism = parallelism
        let side = inputSize / configuration.patchSize
        grid = PatchGrid(rows: side, columns: side)
        let tokens = grid.count + 1
        let width = configuration.width
        let blocks = (tokens * tokens + 131_071) / 131_072
        attentionRows = (tokens + blocks - 1) / blocks
        scratch = Scratch(
            pixels: Storage(count: 3 * inputSize * inputSize),
            stream: Storage(count: tokens * width),
            normalized: Storage(count: tokens * width),
            queryKeyValue: Storage(count: tokens * 3 * width),
            attended: Storage(count: tokens * width),
            hidden: Storage(count: tokens * max(configuration.hiddenWidth, weights.patchEmbedding.windowSize)),
            scores: (0..<parallelism.threads).map { [attentionRows] _ in Storage(count: attentionRows * tokens) })
        embedding = Storage(Self.embedding(weights, grid: grid))
    }

    /// `[T, D]`: what is added to the projected patches, and the class token in row 0.
    private static func embedding(_ weights: VisionTransformerWeights, grid: PatchGrid) -> [Float] {
        let side = weights.configuration.positionGridSide
        let width = weights.configuration.width
        let trained = FeatureMap(
            grid: PatchGrid(rows: side, columns: side),
            tokens: Matrix(rows: side * side, columns: width, values: Array(weights.positions.values[width...])))
        let classToken = zip(weights.classToken, weights.positions.row(0)).map(+)
        return classToken + trained.resampled(to: grid, .bicubic).tokens.values
    }

    package func features(of input: Tensor, _ request: FeatureRequest) -> Features {
        let layers = request.layers
        precondition(input.shape == [3, inputSize, inputSize], "vision transformer: input \(input.shape)")
        let depth = weights.configuration.depth
        precondition(layers.allSatisfy { (1...depth).contains($0) }, "vision transformer: layers \(layers) of \(depth)")
        scratch.pixels.base.update(from: input.values, count: input.values.count)

        var kept: [Int: FeatureMap] = [:]
        var phases = [parallelism.phase(over: grid.rows) { [self] _, lines in embedPatches(lines) }]
        let blocks = weights.blocks.prefix(request.finalTokens ? depth : layers.max() ?? 0)
        for (index, block) in blocks.enumerated() {
            phases += [normPhase(block.norm1), attentionPhase(block)]
            phases.append(addPhase(block.projection, from: scratch.attended))
            phases += [normPhase(block.norm2), hiddenPhase(block)]
            phases.append(addPhase(block.output, from: scratch.hidden))
            if layers.contains(index + 1) {
                phases.append(parallelism.phase(over: 1) { [self] _, _ in kept[index + 1] = patchMap(scratch.stream) })
            }
        }
        guard request.finalTokens else {
            parallelism.run(phases)
            return Features(layers: kept)
        }
        parallelism.run(phases + [normPhase(weights.norm)])
        return Features(
            classToken: scratch.normalized.values(0..<width), patchTokens: patchMap(scratch.normalized), layers: kept)
    }

    /// Rows 1 ... T of a `[T, D]` buffer.
    private func patchMap(_ buffer: Storage) -> FeatureMap {
        let values = buffer.values(width..<tokens * width)
        return FeatureMap(grid: grid, tokens: Matrix(rows: grid.count, columns: width, values: values))
    }

    /// Stream rows of the patches in `lines` of the grid; the class token with the first line.
    private func embedPatches(_ lines: Range<Int>) {
        let patches = weights.patchEmbedding
        let first = 1 + lines.lowerBound * grid.columns
        patches.apply(
            scratch.pixels.base, height: inputSize, width: inputSize, padRows: 0, padColumns: 0, lines: lines,
            outputWidth: grid.columns, windows: scratch.hidden.base + first * patches.windowSize,
            addend: embedding.base + first * width, into: scratch.stream.base + first * width)
        if lines.lowerBound == 0 { scratch.stream.base.update(from: embedding.base, count: width) }
    }

    /// `normalized = layerNorm(stream)`.
    private func normPhase(_ norm: VisionTransformerWeights.LayerNorm) -> Parallelism.Phase {
        parallelism.phase(over: tokens) { [self] _, rows in
            let offset = rows.lowerBound * width
            fsac_layer_norm(
                scratch.stream.base + offset, norm.gamma.base, norm.beta.base, weights.configuration.layerNormEpsilon,
                scratch.normalized.base + offset, rows.count, width)
        }
    }

    /// `attended = softmax(Q Kᵀ) V`, with Q, K and V of the heads in hand from `normalized`.
    private func attentionPhase(_ block: VisionTransformerWeights.Block) -> Parallelism.Phase {
        let head = weights.configuration.headWidth
        return parallelism.phase(over: weights.configuration.heads) { [self] part, heads in
            for index in heads {
                block.queryKeyValue[index].apply(
                    scratch.normalized.base, stride: width, rows: tokens,
                    into: scratch.queryKeyValue.base + index * 3 * head, outputStride: 3 * width)
                attend(head: index, scores: scratch.scores[part].base)
            }
        }
    }

    private func attend(head index: Int, scores: UnsafeMutablePointer<Float>) {
        let head = weights.configuration.headWidth
        let query = scratch.queryKeyValue.base + index * 3 * head
        let (key, value) = (query + head, query + 2 * head)
        for start in stride(from: 0, to: tokens, by: attentionRows) {
            let count = min(attentionRows, tokens - start)
            gemm(
                count, tokens, head, query + start * 3 * width, 3 * width, key, 3 * width, transposeB: true,
                into: scores, tokens)
            fsac_softmax(scores, count, tokens, tokens)
            gemm(
                count, head, tokens, scores, tokens, value, 3 * width,
                into: scratch.attended.base + start * width + index * head, width)
        }
    }

    /// `hidden = gelu(W1 normalized)`.
    private func hiddenPhase(_ block: VisionTransformerWeights.Block) -> Parallelism.Phase {
        let layer = block.hidden
        return parallelism.phase(over: layer.panelCount) { [self] _, panels in
            layer.apply(
                scratch.normalized.base, stride: layer.inputs, rows: tokens, panels: panels, activation: .gelu,
                into: scratch.hidden.base, outputStride: layer.outputs)
        }
    }

    /// `stream += LayerScale(W source)`.
    private func addPhase(_ layer: Linear, from source: Storage) -> Parallelism.Phase {
        parallelism.phase(over: layer.panelCount) { [self] _, panels in
            layer.apply(
                source.base, stride: layer.inputs, rows: tokens, panels: panels, addend: scratch.stream.base,
                into: scratch.stream.base, outputStride: layer.outputs)
        }
    }
}
