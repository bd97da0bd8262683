/// An EfficientNet (Tan and Le 2019) in its Lite form.
///
/// Pictures of features are stored line by line with channels varying fastest, so a 1 x 1 convolution is one matrix
/// product over pixels. Only the depthwise convolution looks at neighbours. So the network runs in one parallel phase a
/// block over picture lines: depthwise and projection of this block, then the expansion of the next; each thread takes a
/// few lines at a time, which stay in its second-level cache. Two buffers alternate between phases, because other lines
/// still read the old one.
package final class EfficientNet: Backbone {
    package let input: PixelSize
    private let weights: EfficientNetWeights
    private let parallelism: Parallelism
    /// What each block's depthwise convolution reads.
    private let expandedShapes: [FeaturePlaneShape]
    private let outputShapes: [FeaturePlaneShape]
    /// The input, `[3, height, width]`.
    private let pixels: Storage
    private let scratch: Scratch

    /// Everything that a forward pass writes to; allocated once.
    private struct Scratch {
        /// Two buffers for what the depthwise convolutions read.
        let expanded: [Storage]
        /// Two buffers for block outputs.
        let output: [Storage]
        /// One a thread: a few lines after a depthwise convolution (or the windows of the stem).
        let lines: [Storage]
        /// `[pixels, head channels]`.
        let head: Storage
    }

    /// Pixels that a thread carries through a phase at a time.
    private static let pixelsAtATime = 512

    package init(_ weights: EfficientNetWeights, input: PixelSize, parallelism: Parallelism) {
        precondition(
            input.height > 0 && input.width > 0, "efficientnet: an input of \(input.height) x \(input.width) pixels")
        self.input = input
        self.weights = weights
        self.parallelism = parallelism
        var expandedShapes: [FeaturePlaneShape] = []
        var outputShapes: [FeaturePlaneShape] = []
        var plane = FeaturePlaneShape(
            height: SamePadding(size: input.height, kernel: weights.stem.kernel, stride: weights.stem.stride)
                .outputSize,
            width: SamePadding(size: input.width, kernel: weights.stem.kernel, stride: weights.stem.stride).outputSize,
            channels: weights.stem.outputChannels)
        for block in weights.blocks {
            expandedShapes.append(
                FeaturePlaneShape(height: plane.height, width: plane.width, channels: block.depthwise.bias.count))
            let shape = block.depthwise.outputShape(expandedShapes[expandedShapes.count - 1])
            plane = FeaturePlaneShape(height: shape.height, width: shape.width, channels: block.projection.outputs)
            outputShapes.append(plane)
        }
        pixels = Storage(count: 3 * input.height * input.width)
        self.expandedShapes = expandedShapes
        self.outputShapes = outputShapes
        let expandedCount = expandedShapes.map(\.count).max() ?? 0
        let outputCount = outputShapes.map(\.count).max() ?? 0
        let widest = max(weights.blocks.map(\.depthwise.bias.count).max() ?? 0, weights.stem.windowSize)
        let linePixels = max(Self.pixelsAtATime, expandedShapes.map(\.width).max() ?? 0)
        scratch = Scratch(
            expanded: [Storage(count: expandedCount), Storage(count: expandedCount)],
            output: [Storage(count: outputCount), Storage(count: outputCount)],
            lines: (0..<parallelism.threads).map { _ in Storage(count: linePixels * widest) },
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
        var phases = [
            overLines(height: expandedShapes[0].height, width: expandedShapes[0].width) { [self] share, lines in
                convolveStem(lines, windows: scratch.lines[share].base)
            }
        ]
        let blocks = request.finalTokens ? weights.blocks.count : weights.blockCount(ofStage: layers.max() ?? 0)
        for (index, shape) in outputShapes.prefix(blocks).enumerated() {
            phases.append(
                overLines(height: shape.height, width: shape.width) { [self] share, lines in
                    filterAndProject(index, lines, scratch.lines[share].base)
                    if index + 1 < blocks { expandNext(index, lines) }
                })
            if let stage = weights.blocks[index].endsStage, layers.contains(stage) {
                phases.append(
                    parallelism.phase(over: 1) { [self] _, _ in kept[stage] = map(scratch.output[index % 2], shape) })
            }
        }
        guard request.finalTokens else {
            parallelism.run(phases)
            return Features(layers: kept)
        }
        parallelism.run(phases + [headPhase()])
        return Features(classToken: headMean(), patchTokens: headMap(), layers: kept)
    }

    /// Splits the lines of a picture over the threads, and each thread's lines into runs of a cache's size.
    private func overLines(
        height: Int, width: Int, _ body: @escaping (_ share: Int, _ lines: Range<Int>) -> Void
    ) -> Parallelism.Phase {
        let step = max(1, Self.pixelsAtATime / width)
        return parallelism.phase(over: height) { share, lines in
            for first in stride(from: lines.lowerBound, to: lines.upperBound, by: step) {
                body(share, first..<min(first + step, lines.upperBound))
            }
        }
    }

    private func convolveStem(_ lines: Range<Int>, windows: UnsafeMutablePointer<Float>) {
        let shape = expandedShapes[0]
        let (kernel, stride) = (weights.stem.kernel, weights.stem.stride)
        weights.stem.apply(
            pixels.base, height: input.height, width: input.width,
            padRows: SamePadding(size: input.height, kernel: kernel, stride: stride).before,
            padColumns: SamePadding(size: input.width, kernel: kernel, stride: stride).before,
            lines: lines, outputWidth: shape.width, windows: windows, activation: .relu6,
            into: scratch.expanded[0].base + lines.lowerBound * shape.width * shape.channels)
    }

    /// Output lines of block `index`: depthwise convolution, projection, shortcut.
    private func filterAndProject(_ index: Int, _ lines: Range<Int>, _ filtered: UnsafeMutablePointer<Float>) {
        let block = weights.blocks[index]
        let shape = outputShapes[index]
        block.depthwise.apply(scratch.expanded[index % 2].base, expandedShapes[index], lines: lines, into: filtered)
        let offset = lines.lowerBound * shape.width * shape.channels
        let input = scratch.output[(index + 1) % 2].base + offset
        block.projection.apply(
            filtered, stride: block.projection.inputs, rows: lines.count * shape.width,
            addend: block.hasShortcut ? UnsafePointer(input) : nil,
            into: scratch.output[index % 2].base + offset, outputStride: shape.channels)
    }

    /// The same lines widened for the block after `index`.
    private func expandNext(_ index: Int, _ lines: Range<Int>) {
        guard let expansion = weights.blocks[index + 1].expansion else { return }
        let shape = outputShapes[index]
        let first = lines.lowerBound * shape.width
        expansion.apply(
            scratch.output[index % 2].base + first * expansion.inputs, stride: expansion.inputs,
            rows: lines.count * shape.width, activation: .relu6,
            into: scratch.expanded[(index + 1) % 2].base + first * expansion.outputs, outputStride: expansion.outputs)
    }

    /// The last 1 x 1 convolution, which gives the patch tokens.
    private func headPhase() -> Parallelism.Phase {
        let last = weights.blocks.count - 1
        return parallelism.phase(over: outputShapes[last].pixels, grain: 16) { [self] _, pixels in
            let head = weights.head
            head.apply(
                scratch.output[last % 2].base + pixels.lowerBound * head.inputs, stride: head.inputs,
                rows: pixels.count, activation: .relu6,
                into: scratch.head.base + pixels.lowerBound * head.outputs, outputStride: head.outputs)
        }
    }

    private func headMap() -> FeatureMap {
        let shape = outputShapes[outputShapes.count - 1]
        return map(
            scratch.head, FeaturePlaneShape(height: shape.height, width: shape.width, channels: weights.head.outputs))
    }

    /// The embedding of the whole picture: the mean over its patches.
    private func headMean() -> [Float] {
        let pixels = outputShapes[outputShapes.count - 1].pixels
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
