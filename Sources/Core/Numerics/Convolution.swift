internal import CKernels

/// Geometry of a square-kernel convolution with TensorFlow's 'same' padding: `ceil(size / stride)` outputs, the odd
/// padding pixel after the picture.
package struct SamePadding: Equatable, Sendable {
    package let outputSize: Int
    /// Zeros before the first pixel.
    package let before: Int

    package init(size: Int, kernel: Int, stride: Int) {
        outputSize = (size + stride - 1) / stride
        before = max((outputSize - 1) * stride + kernel - size, 0) / 2
    }
}

/// A picture of features, height x width x channels, channels varying fastest.
package struct FeaturePlaneShape: Equatable, Sendable {
    package let height: Int
    package let width: Int
    package let channels: Int
    package var pixels: Int { height * width }
    package var count: Int { height * width * channels }

    package init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }
}

/// A depthwise convolution with ReLU6, batch norm folded in.
package struct DepthwiseConvolution: Sendable {
    package let kernel: Int
    package let stride: Int
    /// `[kernel * kernel, channels]`.
    package let weights: Storage
    package let bias: Storage

    package init(kernel: Int, stride: Int, weights: [Float], bias: [Float]) {
        precondition(kernel == 3 || kernel == 5, "depthwise convolution: kernel \(kernel)")
        precondition(stride == 1 || stride == 2, "depthwise convolution: stride \(stride)")
        precondition(
            bias.count % 16 == 0 && weights.count == kernel * kernel * bias.count, "depthwise convolution: shapes")
        self.kernel = kernel
        self.stride = stride
        self.weights = Storage(weights)
        self.bias = Storage(bias)
    }

    package func outputShape(_ input: FeaturePlaneShape) -> FeaturePlaneShape {
        FeaturePlaneShape(
            height: SamePadding(size: input.height, kernel: kernel, stride: stride).outputSize,
            width: SamePadding(size: input.width, kernel: kernel, stride: stride).outputSize,
            channels: input.channels)
    }

    /// The input lines that some output lines look at, of a picture of so many.
    package func inputLines(_ lines: Range<Int>, height: Int) -> Range<Int> {
        let first = lines.lowerBound * stride - SamePadding(size: height, kernel: kernel, stride: stride).before
        return max(first, 0)..<min(first + (lines.count - 1) * stride + kernel, height)
    }

    /// Output lines `lines`, written one after the other from `output` on.
    ///
    /// - Parameter input: has the lines that these look at.
    package func apply(
        _ input: LineRing, _ shape: FeaturePlaneShape, lines: Range<Int>, into output: UnsafeMutablePointer<Float>
    ) {
        let rows = SamePadding(size: shape.height, kernel: kernel, stride: stride)
        let columns = SamePadding(size: shape.width, kernel: kernel, stride: stride)
        precondition(
            shape.channels == bias.count && input.lineCount == shape.width * shape.channels,
            "depthwise convolution: \(shape.channels) channels for \(bias.count), lines of \(input.lineCount)")
        precondition(
            lines.lowerBound >= 0 && lines.upperBound <= rows.outputSize, "depthwise convolution: lines \(lines)")
        precondition(
            inputLines(lines, height: shape.height).count <= input.capacity,
            "depthwise convolution: \(lines) of \(input.capacity) lines")
        var output = output
        for line in lines {
            let top = line * stride - rows.before
            var looked = (top..<top + kernel).map { y in
                (0..<shape.height).contains(y) ? UnsafePointer(input[y]) : nil
            }
            fsac_depthwise_relu6(
                &looked, shape.width, shape.channels, weights.base, bias.base, kernel, stride, columns.before,
                columns.outputSize, output)
            output += columns.outputSize * shape.channels
        }
    }
}

/// The latest lines of a picture of features, in memory for no more of them.
package struct LineRing: Sendable {
    private let storage: Storage
    /// Numbers of a line.
    package let lineCount: Int
    package let capacity: Int

    /// - Parameter storage: of at least `capacity * lineCount` numbers.
    package init(_ storage: Storage, lineCount: Int, capacity: Int) {
        precondition(storage.count >= capacity * lineCount, "line ring: \(storage.count) numbers for \(capacity) lines")
        self.storage = storage
        self.lineCount = lineCount
        self.capacity = capacity
    }

    /// Where line `y` of the picture is kept.
    package subscript(y: Int) -> UnsafeMutablePointer<Float> { storage.base + y % capacity * lineCount }

    /// Lines in pieces that lie one after the other.
    package func pieces(_ lines: Range<Int>) -> [Range<Int>] {
        guard let last = lines.last else { return [] }
        let wrap = last / capacity * capacity
        return wrap > lines.lowerBound ? [lines.lowerBound..<wrap, wrap..<lines.upperBound] : [lines]
    }
}

/// A dense convolution over planar input `[channels, height, width]`, computed as a linear layer after gathering each
/// output pixel's window into a row (im2col).
package struct DenseConvolution: Sendable {
    package let kernel: Int
    package let stride: Int
    package let inputChannels: Int
    private let linear: Linear

    /// - Parameter weights: `[outputChannels, inputChannels, kernel, kernel]`, PyTorch's layout.
    package init(kernel: Int, stride: Int, weights: Tensor, bias: [Float]) {
        precondition(
            weights.shape.count == 4 && weights.shape[2] == kernel && weights.shape[3] == kernel,
            "dense convolution: weights \(weights.shape)")
        self.kernel = kernel
        self.stride = stride
        inputChannels = weights.shape[1]
        let window = inputChannels * kernel * kernel
        linear = Linear(weights: Matrix(rows: weights.shape[0], columns: window, values: weights.values), bias: bias)
    }

    package var outputChannels: Int { linear.outputs }
    package var windowSize: Int { linear.inputs }

    /// Output pixels of the lines `lines`, `[lines.count * outputWidth, outputChannels]`.
    ///
    /// - Parameters:
    ///   - padRows, padColumns: zeros before the first line and column.
    ///   - windows: scratch, `[lines.count * outputWidth, windowSize]`.
    ///   - addend: what is added before the activation, as `output`.
    package func apply(
        _ input: UnsafePointer<Float>, height: Int, width: Int, padRows: Int, padColumns: Int, lines: Range<Int>,
        outputWidth: Int, windows: UnsafeMutablePointer<Float>, addend: UnsafePointer<Float>? = nil,
        activation: Activation = .none, into output: UnsafeMutablePointer<Float>
    ) {
        var destination = windows
        for line in lines {
            for column in 0..<outputWidth {
                gatherWindow(
                    input, height: height, width: width, top: line * stride - padRows,
                    left: column * stride - padColumns, into: destination)
                destination += windowSize
            }
        }
        linear.apply(
            windows, stride: windowSize, rows: lines.count * outputWidth, addend: addend, activation: activation,
            into: output, outputStride: outputChannels)
    }

    /// The way back, for windows that tile the picture: the derivatives by the pixels of the lines `lines` of windows, when those
    /// by their outputs are `gradient`.
    ///
    /// - Parameters:
    ///   - gradient: `[lines.count * outputWidth, outputChannels]`.
    ///   - windows: scratch, `[lines.count * outputWidth, windowSize]`.
    ///   - input: `[inputChannels, height, width]`, of which the windows' pixels are written.
    package func applyTransposed(
        _ gradient: UnsafePointer<Float>, lines: Range<Int>, outputWidth: Int, windows: UnsafeMutablePointer<Float>,
        into input: UnsafeMutablePointer<Float>, height: Int, width: Int
    ) {
        precondition(stride == kernel, "dense convolution: windows \(stride) apart of side \(kernel)")
        linear.applyTransposed(
            gradient, stride: outputChannels, rows: lines.count * outputWidth, into: windows, outputStride: windowSize)
        var source = UnsafePointer(windows)
        for line in lines {
            for column in 0..<outputWidth {
                for channel in 0..<inputChannels {
                    for y in line * kernel..<(line + 1) * kernel {
                        (input + (channel * height + y) * width + column * kernel).update(from: source, count: kernel)
                        source += kernel
                    }
                }
            }
        }
    }

    private func gatherWindow(
        _ input: UnsafePointer<Float>, height: Int, width: Int, top: Int, left: Int,
        into window: UnsafeMutablePointer<Float>
    ) {
        var next = window
        let inside = top >= 0 && left >= 0 && top + kernel <= height && left + kernel <= width
        for channel in 0..<inputChannels {
            let plane = input + channel * height * width
            for y in top..<top + kernel {
                if inside {
                    next.update(from: plane + y * width + left, count: kernel)
                } else {
                    for x in 0..<kernel {
                        let isPixel = y >= 0 && y < height && left + x >= 0 && left + x < width
                        next[x] = isPixel ? plane[y * width + left + x] : 0
                    }
                }
                next += kernel
            }
        }
    }
}

/// Batch normalisation folded into the convolution before it: `w' = w * gamma / sqrt(variance + epsilon)` for each output
/// channel, and the bias that remains.
package struct FoldedBatchNorm: Sendable {
    /// One factor an output channel.
    package let scale: [Float]
    package let bias: [Float]

    package init(gamma: [Float], beta: [Float], mean: [Float], variance: [Float], epsilon: Float) {
        scale = zip(gamma, variance).map { gamma, variance in gamma / (variance + epsilon).squareRoot() }
        bias = (0..<beta.count).map { [scale] in beta[$0] - mean[$0] * scale[$0] }
    }
}
