import Core
import TestSupport
import Testing

@Suite struct ConvolutionTests {
    @Test func samePaddingPutsTheOddPixelBehindThePicture() {
        // 224 -> 112 with a 3 x 3 kernel needs 1 zero in all, and it comes after; 7 -> 4 needs 2, one on each side.
        #expect(SamePadding(size: 224, kernel: 3, stride: 2).before == 0)
        #expect(SamePadding(size: 7, kernel: 3, stride: 2).before == 1)
        for kernel in [1, 3, 5] {
            for stride in 1...2 {
                for size in 1...20 {
                    let expected = naiveSamePadding(size: size, kernel: kernel, stride: stride)
                    let padding = SamePadding(size: size, kernel: kernel, stride: stride)
                    #expect(padding.outputSize == expected.outputs)
                    #expect(padding.before == expected.before, "size \(size), kernel \(kernel), stride \(stride)")
                }
            }
        }
    }

    /// Kernel, stride, height, width; the patch embedding and the stem among them.
    static let denseCases = [(3, 2, 8, 12), (3, 2, 9, 7), (3, 1, 5, 6), (14, 14, 28, 42), (5, 2, 11, 20)]

    @Test(arguments: denseCases) func aDenseConvolutionIsTheSumOverItsWindow(shape: (Int, Int, Int, Int)) {
        let (kernel, stride, height, width) = shape
        let (inputs, outputs) = (3, 21)
        let picture = PlanarPicture(channels: inputs, height: height, width: width, seed: 5)
        var random = SplitMix64(seed: 6)
        let weights = random.floats(outputs * inputs * kernel * kernel)
        let rows = naiveSamePadding(size: height, kernel: kernel, stride: stride)
        let columns = naiveSamePadding(size: width, kernel: kernel, stride: stride)
        let bias = random.floats(outputs)
        let addend = Storage(random.floats(rows.outputs * columns.outputs * outputs))
        let sums = naiveConvolution(
            picture, weights: weights, outputs: outputs, groups: 1, kernel: kernel, stride: stride,
            padRows: rows.before, padColumns: columns.before, outputHeight: rows.outputs, outputWidth: columns.outputs)
        let expected = sums.enumerated().map { relu6($1 + Double(bias[$0 % outputs]) + Double(addend.base[$0])) }

        let convolution = DenseConvolution(
            kernel: kernel, stride: stride,
            weights: Tensor(shape: [outputs, inputs, kernel, kernel], values: weights), bias: bias)
        let input = Storage(picture.values)
        let windows = Storage(count: rows.outputs * columns.outputs * convolution.windowSize)
        let output = Storage(count: expected.count)
        let middle = rows.outputs / 2
        for lines in [0..<middle, middle..<rows.outputs] {
            convolution.apply(
                input.base, height: height, width: width, padRows: rows.before, padColumns: columns.before,
                lines: lines,
                outputWidth: columns.outputs, windows: windows.base,
                addend: addend.base + lines.lowerBound * columns.outputs * outputs, activation: .relu6,
                into: output.base + lines.lowerBound * columns.outputs * outputs)
        }
        #expect(firstDifference(output.values(0..<expected.count), expected, atol: 1e-4, rtol: 1e-5) == nil)
    }

    /// Height, width: larger, equal to and smaller than the kernel, odd and even.
    static let depthwisePictures = [(9, 12), (12, 7), (5, 5), (3, 17), (2, 1), (1, 6)]

    @Test(arguments: [(3, 1), (3, 2), (5, 1), (5, 2)], depthwisePictures)
    func aDepthwiseConvolutionFiltersEveryChannelOnItsOwn(geometry: (Int, Int), size: (Int, Int)) {
        let ((kernel, stride), (height, width)) = (geometry, size)
        let channels = 48
        let picture = PlanarPicture(channels: channels, height: height, width: width, seed: 7)
        var random = SplitMix64(seed: 8)
        let weights = random.floats(channels * kernel * kernel)
        // so that both ends of ReLU6 are reached
        let bias = random.floats(channels, in: -4...8)
        let rows = naiveSamePadding(size: height, kernel: kernel, stride: stride)
        let columns = naiveSamePadding(size: width, kernel: kernel, stride: stride)
        let sums = naiveConvolution(
            picture, weights: weights, outputs: channels, groups: channels, kernel: kernel, stride: stride,
            padRows: rows.before, padColumns: columns.before, outputHeight: rows.outputs, outputWidth: columns.outputs)
        let expected = sums.enumerated().map { relu6($1 + Double(bias[$0 % channels])) }
        #expect(expected.contains(0) && expected.contains(6))

        let taps = Matrix(rows: channels, columns: kernel * kernel, values: weights).transposed()
        let convolution = DepthwiseConvolution(kernel: kernel, stride: stride, weights: taps.values, bias: bias)
        let shape = FeaturePlaneShape(height: height, width: width, channels: channels)
        let output = convolution.outputShape(shape)
        #expect(output == FeaturePlaneShape(height: rows.outputs, width: columns.outputs, channels: channels))
        let filtered = lines([0..<output.height], of: convolution, picture.interleaved, shape)
        #expect(firstDifference(filtered, expected, atol: 1e-5, rtol: 1e-5) == nil)
        let oneByOne = lines((0..<output.height).map { $0..<$0 + 1 }, of: convolution, picture.interleaved, shape)
        #expect(oneByOne == filtered)
        let latest = lines(
            (0..<output.height).map { $0..<$0 + 1 }, of: convolution, picture.interleaved, shape, kept: kernel)
        #expect(latest == filtered)
    }

    /// What the convolution gives when it computes `runs` of lines one after the other.
    ///
    /// - Parameter kept: how many of the latest input lines are there at a time; all when it is nil.
    private func lines(
        _ runs: [Range<Int>], of convolution: DepthwiseConvolution, _ input: [Float], _ shape: FeaturePlaneShape,
        kept: Int? = nil
    ) -> [Float] {
        let output = convolution.outputShape(shape)
        let (source, width) = (Storage(input), shape.width * shape.channels)
        let capacity = kept ?? shape.height
        let ring = LineRing(
            Storage([Float](repeating: .nan, count: capacity * width)), lineCount: width, capacity: capacity)
        let result = Storage([Float](repeating: .nan, count: output.count))
        var known = 0
        for run in runs {
            let looked = convolution.inputLines(run, height: shape.height)
            for piece in ring.pieces(max(known, looked.lowerBound)..<looked.upperBound) {
                ring[piece.lowerBound].update(from: source.base + piece.lowerBound * width, count: piece.count * width)
            }
            known = looked.upperBound
            convolution.apply(
                ring, shape, lines: run, into: result.base + run.lowerBound * output.width * output.channels)
        }
        return result.values(0..<output.count)
    }

    @Test func aPointwiseConvolutionIsALinearLayerOverPixels() {
        let (inputs, outputs, height, width) = (19, 23, 4, 7)
        let picture = PlanarPicture(channels: inputs, height: height, width: width, seed: 9)
        var random = SplitMix64(seed: 10)
        let weights = random.floats(outputs * inputs)
        let expected = naiveConvolution(
            picture, weights: weights, outputs: outputs, groups: 1, kernel: 1, stride: 1, padRows: 0, padColumns: 0,
            outputHeight: height, outputWidth: width)
        let layer = Linear(
            weights: Matrix(rows: outputs, columns: inputs, values: weights),
            bias: [Float](repeating: 0, count: outputs))
        let pixels = Storage(picture.interleaved)
        let output = Storage(count: expected.count)
        layer.apply(pixels.base, stride: inputs, rows: height * width, into: output.base, outputStride: outputs)
        #expect(firstDifference(output.values(0..<expected.count), expected, atol: 1e-5, rtol: 1e-5) == nil)
    }

    @Test func aFoldedBatchNormIsTheBatchNormAfterTheConvolution() {
        let channels = 13
        var random = SplitMix64(seed: 11)
        let (gamma, beta) = (random.floats(channels), random.floats(channels))
        let (mean, variance) = (random.floats(channels), random.floats(channels, in: 0.001...2))
        let convolved = random.floats(channels, in: -10...10)
        let folded = FoldedBatchNorm(gamma: gamma, beta: beta, mean: mean, variance: variance, epsilon: 1e-3)
        let expected = (0..<channels).map { channel in
            let deviation = (Double(variance[channel]) + 1e-3).squareRoot()
            let normal = (Double(convolved[channel]) - Double(mean[channel])) / deviation
            return normal * Double(gamma[channel]) + Double(beta[channel])
        }
        let got = (0..<channels).map { convolved[$0] * folded.scale[$0] + folded.bias[$0] }
        #expect(firstDifference(got, expected, atol: 1e-4, rtol: 1e-5) == nil)
    }
}
