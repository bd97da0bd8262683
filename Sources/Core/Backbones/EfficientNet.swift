/// An EfficientNet (Tan and Le 2019) in its Lite form.
///
/// Pictures of features are stored line by line with channels varying fastest, so a 1 x 1 convolution is one matrix
/// product over pixels. Only the depthwise convolution looks at neighbours. So the network runs in one parallel phase a
/// block over picture lines: a thread goes down its lines and widens as many of the block's input (of the first block: convolves as many of
/// the stem) as the next few output lines look at, filters and projects them. The widened picture, by far the largest, is never there as a
/// whole: its latest lines stay in the second-level cache. Two buffers alternate between phases, because other threads still read the old one.
package final class EfficientNet: Backbone {
    package let input: PixelSize
    private let weights: EfficientNetWeights
    private let parallelism: Parallelism
    private let blocks: [BlockShape]
    /// The input, `[3, height, width]`.
    private let pixels: Storage
    private let scratch: Scratch

    /// A block's pictures.
    private struct BlockShape {
        /// What its depthwise convolution reads.
        let expanded: FeaturePlaneShape
        let output: FeaturePlaneShape
        /// Output lines at a time, and the widened lines that these look at.
        let lines: Int
        let window: Int
    }

    /// Everything that a forward pass writes to; allocated once.
    private struct Scratch {
        /// Two buffers for block outputs.
        let output: [Storage]
        /// One a thread: the latest widened lines.
        let windows: [Storage]
        /// One a thread: a few lines after a depthwise convolution, or the windows of the stem.
        let lines: [Storage]
        /// One a thread: as many pixels in whole numbers.
        let words: [QuantisedRows]
        /// `[pixels, head channels]`.
        let head: Storage
    }

    /// Numbers of widened lines that a thread keeps, where that are enough of them: a quarter of a small second-level cache's megabyte.
    private static let windowCount = 65_536
    /// Pixels of the head at a time.
    private static let headPixels = 512

    package init(_ weights: EfficientNetWeights, input: PixelSize, parallelism: Parallelism) {
        precondition(
            input.height > 0 && input.width > 0, "efficientnet: an input of \(input.height) x \(input.width) pixels")
        self.input = input
        self.weights = weights
        self.parallelism = parallelism
        var blocks: [BlockShape] = []
        var plane = FeaturePlaneShape(
            height: SamePadding(size: input.height, kernel: weights.stem.kernel, stride: weights.stem.stride)
                .outputSize,
            width: SamePadding(size: input.width, kernel: weights.stem.kernel, stride: weights.stem.stride).outputSize,
            channels: weights.stem.outputChannels)
        for block in weights.blocks {
            let (depthwise, expanded) = (
                block.depthwise,
                FeaturePlaneShape(height: plane.height, width: plane.width, channels: block.depthwise.bias.count)
            )
            let filtered = depthwise.outputShape(expanded)
            plane = FeaturePlaneShape(
                height: filtered.height, width: filtered.width, channels: block.projection.outputs)
            let overlap = depthwise.kernel - depthwise.stride
            let kept = Self.windowCount / (expanded.width * expanded.channels)
            let lines = min(max((kept - overlap) / depthwise.stride, 1), plane.height)
            blocks.append(
                BlockShape(
                    expanded: expanded, output: plane, lines: lines, window: lines * depthwise.stride + overlap))
        }
        self.blocks = blocks
        pixels = Storage(count: 3 * input.height * input.width)
        let stemWindows = blocks[0].window * blocks[0].expanded.width * weights.stem.windowSize
        let filtered = blocks.map { $0.lines * $0.output.width * $0.expanded.channels }.max() ?? 0
        let rows = blocks.map { max($0.window * $0.expanded.width, $0.lines * $0.output.width) }.max() ?? 0
        let widest = max(blocks.map(\.expanded.channels).max() ?? 0, weights.head.inputs)
        scratch = Scratch(
            output: (0..<2).map { _ in Storage(count: blocks.map(\.output.count).max() ?? 0) },
            windows: (0..<parallelism.threads).map { _ in
                Storage(count: blocks.map { $0.window * $0.expanded.width * $0.expanded.channels }.max() ?? 0)
            },
            lines: (0..<parallelism.threads).map { _ in Storage(count: max(filtered, stemWindows)) },
            words: (0..<parallelism.threads).map { _ in
                QuantisedRows(
                    rows: weights.isInIntegers ? max(rows, Self.headPixels) : 0, columns: widest, width: .words)
            },
            head: Storage(count: plane.pixels * weights.head.outputs))
    }

    package func features(of input: Tensor, _ request: FeatureRequest) -> Features {
        let layers = request.layers
        precondition(
            input.shape == [3, self.input.height, self.input.width],
            "efficientnet: input \(input.shape) for [3, \(self.input.height), \(self.input.width)]")
        precondition(layers.allSatisfy { (1...weights.stageCount).contains($0) }, "efficientnet: layers \(layers)")
        pixels.base.update(from: input.values, count: input.values.count)
        var kept: [Int: FeatureMap] = [:]
        var phases: [Parallelism.Phase] = []
        let count = request.finalTokens ? blocks.count : weights.blockCount(ofStage: layers.max() ?? 0)
        for (index, block) in blocks.prefix(count).enumerated() {
            phases.append(
                parallelism.phase(over: block.output.height) { [self] share, lines in compute(index, lines, share) })
            if let stage = weights.blocks[index].endsStage, layers.contains(stage) {
                phases.append(
                    parallelism.phase(over: 1) { [self] _, _ in
                        kept[stage] = map(scratch.output[index % 2], block.output)
                    })
            }
        }
        guard request.finalTokens else {
            parallelism.run(phases)
            return Features(layers: kept)
        }
        parallelism.run(phases + [headPhase()])
        return Features(classToken: headMean(), patchTokens: headMap(), layers: kept)
    }

    /// Output lines of block `index`, a few at a time.
    private func compute(_ index: Int, _ lines: Range<Int>, _ share: Int) {
        let shape = blocks[index]
        let ring = LineRing(
            scratch.windows[share], lineCount: shape.expanded.width * shape.expanded.channels, capacity: shape.window)
        var known = 0
        for first in stride(from: lines.lowerBound, to: lines.upperBound, by: shape.lines) {
            let next = first..<min(first + shape.lines, lines.upperBound)
            let looked = weights.blocks[index].depthwise.inputLines(next, height: shape.expanded.height)
            for piece in ring.pieces(max(known, looked.lowerBound)..<looked.upperBound) {
                widen(index, piece, share, into: ring[piece.lowerBound])
            }
            known = looked.upperBound
            filterAndProject(index, ring, next, share)
        }
    }

    /// Lines that block `index` filters: its input widened, or the stem's.
    private func widen(_ index: Int, _ lines: Range<Int>, _ share: Int, into output: UnsafeMutablePointer<Float>) {
        let shape = blocks[index].expanded
        guard let expansion = weights.blocks[index].expansion else {
            return convolveStem(lines, windows: scratch.lines[share].base, into: output)
        }
        expansion.apply(
            scratch.output[(index + 1) % 2].base + lines.lowerBound * shape.width * expansion.inputs,
            pixels: lines.count * shape.width, activation: .relu6, scratch: scratch.words[share], into: output)
    }

    private func convolveStem(
        _ lines: Range<Int>, windows: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>
    ) {
        let (kernel, stride) = (weights.stem.kernel, weights.stem.stride)
        weights.stem.apply(
            pixels.base, height: input.height, width: input.width,
            padRows: SamePadding(size: input.height, kernel: kernel, stride: stride).before,
            padColumns: SamePadding(size: input.width, kernel: kernel, stride: stride).before,
            lines: lines, outputWidth: blocks[0].expanded.width, windows: windows, activation: .relu6, into: output)
    }

    /// Depthwise convolution, projection, shortcut.
    private func filterAndProject(_ index: Int, _ window: LineRing, _ lines: Range<Int>, _ share: Int) {
        let (block, shape) = (weights.blocks[index], blocks[index].output)
        let filtered = scratch.lines[share].base
        block.depthwise.apply(window, blocks[index].expanded, lines: lines, into: filtered)
        let offset = lines.lowerBound * shape.width * shape.channels
        let input = scratch.output[(index + 1) % 2].base + offset
        block.projection.apply(
            filtered, pixels: lines.count * shape.width, addend: block.hasShortcut ? UnsafePointer(input) : nil,
            scratch: scratch.words[share], into: scratch.output[index % 2].base + offset)
    }

    /// The last 1 x 1 convolution, which gives the patch tokens.
    private func headPhase() -> Parallelism.Phase {
        let (last, head) = (blocks.count - 1, weights.head)
        return parallelism.phase(over: blocks[last].output.pixels, grain: 16) { [self] share, pixels in
            for first in stride(from: pixels.lowerBound, to: pixels.upperBound, by: Self.headPixels) {
                let count = min(Self.headPixels, pixels.upperBound - first)
                head.apply(
                    scratch.output[last % 2].base + first * head.inputs, pixels: count, activation: .relu6,
                    scratch: scratch.words[share], into: scratch.head.base + first * head.outputs)
            }
        }
    }

    private func headMap() -> FeatureMap {
        let shape = blocks[blocks.count - 1].output
        return map(
            scratch.head, FeaturePlaneShape(height: shape.height, width: shape.width, channels: weights.head.outputs))
    }

    /// The embedding of the whole picture: the mean over its patches.
    private func headMean() -> [Float] {
        let pixels = blocks[blocks.count - 1].output.pixels
        let channels = weights.head.outputs
        var mean = [Float](repeating: 0, count: channels)
        for pixel in 0..<pixels {
            for channel in 0..<channels { mean[channel] += scratch.head.base[pixel * channels + channel] }
        }
        return mean.map { $0 / Float(pixels) }
    }

    private func map(_ buffer: Storage, _ shape: FeaturePlaneShape) -> FeatureMap {
        FeatureMap(
            grid: PatchGrid(rows: shape.height, columns: shape.width),
            tokens: Matrix(rows: shape.pixels, columns: shape.channels, values: buffer.values(0..<shape.count)))
    }
}
