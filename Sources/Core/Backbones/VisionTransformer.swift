internal import CKernels

// T tokens = 1 + patches, N patches, D width, C width of the embedding.

/// A vision transformer (Dosovitskiy et al. 2021): DINOv2's, or CLIP's image tower.
///
/// Of CLIP, the class token is projected into the space of the text, the patch tokens are not; the layer after the last block
/// has the patch tokens after the final norm in the space of the text.
package final class VisionTransformer: DifferentiableBackbone {
    package let input: PixelSize
    package let grid: PatchGrid
    package let encoder: TransformerEncoder
    let weights: VisionTransformerWeights
    let parallelism: Parallelism
    /// `[T, D]`: class token and positions, resampled to this grid.
    private let embedding: Storage
    /// The input, `[3, height, width]`.
    let pixels: Storage

    var width: Int { weights.shape.width }
    package var tokens: Int { grid.count + 1 }

    /// - Precondition: both sides are multiples of the patches'.
    package init(_ weights: VisionTransformerWeights, input: PixelSize, parallelism: Parallelism) {
        let patch = weights.patchEmbedding.kernel
        precondition(
            input.height > 0 && input.height % patch == 0 && input.width > 0 && input.width % patch == 0,
            "vision transformer: \(input.height) x \(input.width) pixels are no multiples of \(patch)")
        self.input = input
        self.weights = weights
        self.parallelism = parallelism
        grid = PatchGrid(rows: input.height / patch, columns: input.width / patch)
        encoder = TransformerEncoder(
            weights.encoder, rows: grid.count + 1, longestSequence: grid.count + 1,
            hiddenWidth: max(weights.patchEmbedding.windowSize, weights.projection?.outputs ?? 0),
            parallelism: parallelism)
        embedding = Storage(weights.embedding(of: grid))
        pixels = Storage(count: 3 * input.height * input.width)
    }

    package func features(of input: Tensor, _ request: FeatureRequest) -> Features {
        features(of: input, request, recording: nil)
    }

    func features(of input: Tensor, _ request: FeatureRequest, recording tape: VisionTransformerTape?) -> Features {
        check(request)
        let needsFinalNorm = request.finalTokens || request.layers.contains(weights.shape.depth + 1)
        let depth = needsFinalNorm ? weights.shape.depth : request.layers.max() ?? 0
        let start = request.windows.isEmpty ? nil : Storage(count: tokens * width)
        let rows = request.patches.map { $0.count + 1 } ?? tokens
        var kept: [Int: FeatureMap] = [:]
        var phases = embeddingPhases(of: input, recording: tape)
        if let start { phases.append(copyPhase(encoder.stream, into: start)) }
        if let patches = request.patches { phases.append(dropPhase(allBut: patches)) }
        phases += encoder.phases(depth: depth, over: [0..<rows], recording: tape?.blocks) { [self] block in
            guard request.layers.contains(block) else { return [] }
            let tokensOfBlock = weights.normalisesLayers ? encoder.normalized : encoder.stream
            let keep = parallelism.phase(over: 1) { [self] _, _ in
                kept[block] = patchMap(tokensOfBlock, width: width, request.patches)
            }
            return weights.normalisesLayers ? [encoder.normPhase(weights.norm, rows: rows), keep] : [keep]
        }
        if needsFinalNorm { phases.append(encoder.normPhase(weights.norm, rows: tokens, keeping: tape?.last)) }
        parallelism.run(phases)

        let patchTokens = request.finalTokens ? patchMap(encoder.normalized, width: width) : nil
        let classToken = request.finalTokens ? embeddings(rows: 1).values : nil
        if let projection = weights.projection, request.layers.contains(weights.shape.depth + 1) {
            project(rows: tokens)
            kept[weights.shape.depth + 1] = patchMap(encoder.hidden, width: projection.outputs)
        }
        return Features(
            classToken: classToken, patchTokens: patchTokens, layers: kept,
            windows: start.map { windows(request.windows, from: $0) } ?? [:])
    }

    private func check(_ request: FeatureRequest) {
        precondition(
            request.layers.allSatisfy { (1...weights.layerCount).contains($0) },
            "vision transformer: layers \(request.layers) of \(weights.layerCount)")
        precondition(
            request.windows.allSatisfy { weights.projection != nil && (1...min(grid.rows, grid.columns)).contains($0) },
            "vision transformer: windows \(request.windows) of \(grid)")
        guard let patches = request.patches else { return }
        precondition(
            !request.finalTokens && request.windows.isEmpty && request.layers.allSatisfy { $0 <= weights.shape.depth },
            "vision transformer: more than layers of some patches")
        precondition(
            zip(patches, patches.dropFirst()).allSatisfy(<) && (patches.first ?? 0) >= 0
                && (patches.last ?? 0) < grid.count, "vision transformer: \(patches.count) patches of \(grid)")
    }

    /// Rows 1 ... T of a `[T, width]` buffer; of some patches alone, their rows in its order, and zeros for the others.
    private func patchMap(_ buffer: Storage, width: Int, _ patches: [Int]? = nil) -> FeatureMap {
        let values = buffer.values(width..<(1 + (patches?.count ?? grid.count)) * width)
        guard let patches else {
            return FeatureMap(grid: grid, tokens: Matrix(rows: grid.count, columns: width, values: values))
        }
        var all = Matrix(rows: grid.count, columns: width)
        for (row, patch) in patches.enumerated() {
            all.values.replaceSubrange(
                patch * width..<(patch + 1) * width, with: values[row * width..<(row + 1) * width])
        }
        return FeatureMap(grid: grid, tokens: all)
    }

    /// The class token and the tokens of some patches, with the positions that they have, one after the other.
    private func dropPhase(allBut patches: [Int]) -> Parallelism.Phase {
        parallelism.phase(over: 1) { [self] _, _ in
            // In ascending order none is written over before it is read.
            for (row, patch) in patches.enumerated() where row != patch {
                let target = encoder.stream.base + (1 + row) * width
                target.update(from: encoder.stream.base + (1 + patch) * width, count: width)
            }
        }
    }

    private func copyPhase(_ source: Storage, into copy: Storage) -> Parallelism.Phase {
        parallelism.phase(over: 1) { _, _ in copy.base.update(from: source.base, count: copy.count) }
    }

    /// From the picture to the stream that the first block takes.
    package func embeddingPhases(
        of input: Tensor, recording tape: VisionTransformerTape? = nil
    ) -> [Parallelism.Phase] {
        precondition(
            input.shape == [3, self.input.height, self.input.width],
            "vision transformer: input \(input.shape) for [3, \(self.input.height), \(self.input.width)]")
        pixels.base.update(from: input.values, count: input.values.count)
        let patches = parallelism.phase(over: grid.rows) { [self] _, lines in embedPatches(lines) }
        guard let norm = weights.firstNorm else { return [patches] }
        let normalisation = encoder.normPhase(norm, rows: tokens, keeping: tape?.embedded)
        return [patches, normalisation, copyPhase(encoder.normalized, into: encoder.stream)]
    }

    /// Stream rows of the patches in `lines` of the grid; the class token with the first line.
    private func embedPatches(_ lines: Range<Int>) {
        let patches = weights.patchEmbedding
        let first = 1 + lines.lowerBound * grid.columns
        patches.apply(
            pixels.base, height: input.height, width: input.width, padRows: 0, padColumns: 0, lines: lines,
            outputWidth: grid.columns, windows: encoder.hidden.base + first * patches.windowSize,
            addend: embedding.base + first * width, into: encoder.stream.base + first * width)
        if lines.lowerBound == 0 { encoder.stream.base.update(from: embedding.base, count: width) }
    }

    /// The first rows of `normalized` in the space that the class token is given in, `[rows, C]`.
    func embeddings(rows: Int) -> Matrix {
        guard let projection = weights.projection else {
            return Matrix(rows: rows, columns: width, values: encoder.normalized.values(0..<rows * width))
        }
        project(rows: rows)
        return Matrix(
            rows: rows, columns: projection.outputs, values: encoder.hidden.values(0..<rows * projection.outputs))
    }

    /// `hidden = projection(normalized)`, `[rows, C]`.
    private func project(rows: Int) {
        guard let projection = weights.projection else { return }
        parallelism.forEachRange(of: projection.panelCount) { [self] _, panels in
            projection.apply(
                encoder.normalized.base, stride: width, rows: rows, panels: panels, into: encoder.hidden.base,
                outputStride: projection.outputs)
        }
    }
}
