internal import CKernels

// T tokens = 1 + N patches, D width, C width of the text's space, L levels.

/// CLIP's image tower with AA-CLIP's adapters.
///
/// The class token of its features is the detection embedding. Layers up to the tower's depth are its blocks, adapted; the L after
/// them are the levels in the text's space, rows of Euclidean norm 1.
package final class AAClipImageTower: Backbone {
    package let network: VisionTransformer
    package let adapters: AAClipAdapters
    package var input: PixelSize { network.input }
    private let blocks: [Int]

    private var encoder: TransformerEncoder { network.encoder }
    private var shape: TransformerShape { network.encoder.weights.shape }
    private var parallelism: Parallelism { network.encoder.parallelism }

    /// - Precondition: `adapters.problem(in:)` has nothing to say.
    package init(_ network: VisionTransformer, _ adapters: AAClipAdapters) {
        self.network = network
        self.adapters = adapters
        blocks = adapters.levelBlocks(depth: network.encoder.weights.shape.depth)
    }

    package func features(of input: Tensor, _ request: FeatureRequest) -> Features {
        let depth = shape.depth
        precondition(
            request.layers.allSatisfy { (1...depth + blocks.count).contains($0) },
            "aa-clip: layers \(request.layers) of \(depth + blocks.count)")
        precondition(request.windows.isEmpty, "aa-clip: windows \(request.windows)")
        let levels = Set(request.layers.filter { $0 > depth }.map { $0 - depth - 1 })
        let plain = Set(request.layers.filter { $0 <= depth })
        let kept = streams(
            of: input, after: plain.union(levels.map { blocks[$0] }).union(request.finalTokens ? [depth] : []))

        var layers: [Int: FeatureMap] = [:]
        func add(_ layer: Int, _ tokens: Matrix) { layers[layer] = FeatureMap(grid: network.grid, tokens: tokens) }
        for layer in plain { kept[layer].map { add(layer, $0) } }
        for level in levels {
            kept[blocks[level]].map { add(depth + 1 + level, adapters.level(level, normalized($0), parallelism)) }
        }
        let final = request.finalTokens ? kept[depth].map(normalized) : nil
        return Features(
            classToken: final.map { adapters.detection($0, parallelism) },
            patchTokens: final.map { FeatureMap(grid: network.grid, tokens: $0) }, layers: layers)
    }

    /// The levels' patches after the final norm, `[N, D]` each: what the projections take.
    package func levelTokens(of input: Tensor, recording tape: AAClipImageTape) -> [Matrix] {
        tape.levels = streams(of: input, after: Set(blocks), recording: tape)
        return blocks.compactMap { tape.levels[$0].map(normalized) }
    }

    /// The way back from the levels' patches to the adapters.
    ///
    /// - Parameters:
    ///   - levelGradients: derivatives by what ``levelTokens(of:recording:)`` returned.
    ///   - gradients: the derivatives by the adapters' weights are added here.
    package func backward(_ levelGradients: [Matrix], through tape: AAClipImageTape, into gradients: Storage) {
        let (tokens, width) = (network.tokens, shape.width)
        var added: [Int: Matrix] = [:]
        for (block, gradient) in zip(blocks, levelGradients) {
            guard let stream = tape.levels[block] else { preconditionFailure("aa-clip: a tape without block \(block)") }
            var result = Matrix(rows: tokens, columns: width)
            result.values.withUnsafeMutableBufferPointer { result in
                guard let patches = result.baseAddress.map({ $0 + width }) else { return }
                fsac_layer_norm_gradient(
                    stream.values, network.weights.norm.gamma.base, shape.layerNormEpsilon, gradient.values, nil,
                    patches, stream.rows, width)
            }
            added[block] = result
        }
        encoder.stream.base.update(repeating: 0, count: tokens * width)
        parallelism.run(
            encoder.gradientPhases(through: tape.blocks, over: [0..<tokens], adding: added) { block in
                adapters.gradientPhases(
                    after: block, adapters.layout.imageAdapters, on: encoder, rows: tokens, kept: tape.copies,
                    into: gradients)
            })
    }

    /// Patch tokens of the residual stream after some blocks and their adapters, `[N, D]`. Nothing beyond the highest is
    /// computed.
    private func streams(
        of input: Tensor, after wanted: Set<Int>, recording tape: AAClipImageTape? = nil
    ) -> [Int: Matrix] {
        let (tokens, width) = (network.tokens, shape.width)
        var kept: [Int: Matrix] = [:]
        let phases = encoder.phases(depth: wanted.max() ?? 0, over: [0..<tokens], recording: tape?.blocks) { block in
            let adapting = adapters.phases(
                after: block, adapters.layout.imageAdapters, on: encoder, rows: tokens, keeping: tape?.copies)
            guard wanted.contains(block) else { return adapting }
            let keeping = parallelism.phase(over: 1) { [self] _, _ in
                kept[block] = Matrix(
                    rows: tokens - 1, columns: width, values: encoder.stream.values(width..<tokens * width))
            }
            return adapting + [keeping]
        }
        parallelism.run(network.embeddingPhases(of: input) + phases)
        return kept
    }

    private func normalized(_ tokens: Matrix) -> Matrix {
        let norm = network.weights.norm
        return tokens.layerNorm(
            gamma: norm.gamma.values(0..<shape.width), beta: norm.beta.values(0..<shape.width),
            epsilon: shape.layerNormEpsilon)
    }
}

/// What a pass of a picture leaves behind for the way back to the adapters.
package final class AAClipImageTape {
    let blocks: TransformerTape
    /// One an adapter, `[T, D]`: the stream before it.
    let copies: [Storage]
    /// By block: patches of the stream, `[N, D]`.
    var levels: [Int: Matrix] = [:]

    package init(_ tower: AAClipImageTower) {
        let (network, layout) = (tower.network, tower.adapters.layout)
        let shape = network.encoder.weights.shape
        blocks = TransformerTape(shape, depth: shape.depth, rows: network.tokens)
        copies = layout.imageAdapters.map { Storage(count: network.tokens * $0.inputs) }
    }
}
