import Core
import TestSupport

// Every function here is the definition, in double precision and plain loops. They look nothing like the kernels.

/// `left * right`, or `left * rightᵀ`.
func naiveProduct(_ left: Matrix, _ right: Matrix, transposed: Bool = false) -> [Double] {
    let columns = transposed ? right.rows : right.columns
    var result = [Double](repeating: 0, count: left.rows * columns)
    for row in 0..<left.rows {
        for column in 0..<columns {
            for inner in 0..<left.columns {
                let factor = transposed ? right[column, inner] : right[inner, column]
                result[row * columns + column] += Double(left[row, inner]) * Double(factor)
            }
        }
    }
    return result
}

/// A picture with planes `[channels, height, width]`, zero outside.
struct PlanarPicture {
    let channels: Int
    let height: Int
    let width: Int
    var values: [Float]

    init(channels: Int, height: Int, width: Int, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        self.channels = channels
        self.height = height
        self.width = width
        values = random.floats(channels * height * width)
    }

    subscript(channel: Int, row: Int, column: Int) -> Double {
        guard (0..<height).contains(row), (0..<width).contains(column) else { return 0 }
        return Double(values[(channel * height + row) * width + column])
    }

    /// The same picture with channels varying fastest, `[height, width, channels]`.
    var interleaved: [Float] {
        (0..<height * width * channels).map { values[$0 % channels * height * width + $0 / channels] }
    }
}

/// TensorFlow's 'same' padding, from its documentation: zeros in all, and how many of them come before the picture.
func naiveSamePadding(size: Int, kernel: Int, stride: Int) -> (outputs: Int, before: Int) {
    let total = size % stride == 0 ? max(kernel - stride, 0) : max(kernel - size % stride, 0)
    return ((size + stride - 1) / stride, total / 2)
}

/// A convolution over groups of channels, `[height, width, outputs]`, `weights[output][input of the group][row][column]`.
func naiveConvolution(
    _ input: PlanarPicture, weights: [Float], outputs: Int, groups: Int, kernel: Int, stride: Int,
    padRows: Int, padColumns: Int, outputHeight: Int, outputWidth: Int
) -> [Double] {
    let inputsPerGroup = input.channels / groups
    var result: [Double] = []
    for row in 0..<outputHeight {
        for column in 0..<outputWidth {
            for output in 0..<outputs {
                let firstInput = output / (outputs / groups) * inputsPerGroup
                var sum = 0.0
                for channel in 0..<inputsPerGroup {
                    for y in 0..<kernel {
                        for x in 0..<kernel {
                            let weight = weights[((output * inputsPerGroup + channel) * kernel + y) * kernel + x]
                            sum +=
                                Double(weight)
                                * input[
                                    firstInput + channel, row * stride - padRows + y, column * stride - padColumns + x]
                        }
                    }
                }
                result.append(sum)
            }
        }
    }
    return result
}

func relu6(_ value: Double) -> Double { min(max(value, 0), 6) }
