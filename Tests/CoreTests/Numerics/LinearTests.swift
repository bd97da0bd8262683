import Core
import Foundation
import TestSupport
import Testing

@Suite struct LinearTests {
    /// Rows, inputs, outputs: one number, tails of rows and of panels, inputs of more than one block (384).
    static let shapes = [
        (1, 1, 1), (2, 3, 5), (12, 16, 32), (13, 7, 16), (11, 20, 17), (25, 33, 31), (5, 9, 33), (30, 40, 70),
        (3, 384, 48), (7, 385, 49), (14, 900, 40), (257, 24, 64),
    ]

    @Test func aLayerOnPaper() {
        // [1, 2] [[1, 2], [3, 4], [5, 6]]ᵀ + [10, 20, 30]
        let layer = Linear(weights: Matrix(rows: 3, columns: 2, values: [1, 2, 3, 4, 5, 6]), bias: [10, 20, 30])
        #expect(layer.inputs == 2 && layer.outputs == 3 && layer.panelCount == 1)
        let output = Storage(count: 3)
        layer.apply([1, 2], stride: 2, rows: 1, into: output.base, outputStride: 3)
        #expect(output.values(0..<3) == [15, 31, 47])
    }

    @Test(arguments: shapes, [Activation.none, .relu6, .gelu, .quickGELU])
    func aLayerIsTheProductWithBiasAndActivation(shape: (Int, Int, Int), activation: Activation) {
        let layer = RandomLayer(rows: shape.0, inputs: shape.1, outputs: shape.2)
        let output = Storage([Float](repeating: 77, count: shape.0 * layer.outputStride))
        layer.linear.apply(
            layer.x.base, stride: layer.stride, rows: shape.0, activation: activation, into: output.base,
            outputStride: layer.outputStride)
        let expected = layer.expected(activation, beside: 77)
        #expect(firstDifference(output.values(0..<expected.count), expected, atol: 2e-5, rtol: 2e-5) == nil)
    }

    @Test(arguments: shapes) func anAddendIsAddedBeforeTheActivationAlsoInPlace(shape: (Int, Int, Int)) {
        let layer = RandomLayer(rows: shape.0, inputs: shape.1, outputs: shape.2)
        var random = SplitMix64(seed: 2)
        let addend = Storage(random.floats(shape.0 * layer.outputStride))
        let expected = layer.expected(.relu6, addend: addend)
        let output = Storage(addend.values(0..<addend.count))
        for source in [addend, output] {
            layer.linear.apply(
                layer.x.base, stride: layer.stride, rows: shape.0, addend: source.base, activation: .relu6,
                into: output.base, outputStride: layer.outputStride)
            #expect(firstDifference(output.values(0..<expected.count), expected, atol: 2e-5, rtol: 2e-5) == nil)
            output.base.update(from: addend.base, count: addend.count)
        }
    }

    @Test(arguments: shapes) func panelsOneByOneAreTheWholeLayer(shape: (Int, Int, Int)) {
        let layer = RandomLayer(rows: shape.0, inputs: shape.1, outputs: shape.2)
        let whole = Storage(count: shape.0 * layer.outputStride)
        let pieces = Storage(count: shape.0 * layer.outputStride)
        layer.linear.apply(
            layer.x.base, stride: layer.stride, rows: shape.0, activation: .gelu, into: whole.base,
            outputStride: layer.outputStride)
        for panel in (0..<layer.linear.panelCount).reversed() {
            layer.linear.apply(
                layer.x.base, stride: layer.stride, rows: shape.0, panels: panel..<panel + 1, activation: .gelu,
                into: pieces.base, outputStride: layer.outputStride)
        }
        let isSame = pieces.values(0..<pieces.count) == whole.values(0..<whole.count)
        #expect(isSame)
    }

    @Test(arguments: shapes) func theWayBackIsTheProductWithTheTransposedWeights(shape: (Int, Int, Int)) {
        let (rows, inputs, outputs) = shape
        var random = SplitMix64(seed: 4)
        let weights = Matrix(rows: outputs, columns: inputs, values: random.floats(outputs * inputs))
        let layer = Linear(weights: weights, bias: random.floats(outputs))
        let (stride, outputStride) = (outputs + 2, inputs + 3)
        let y = Storage(random.floats(rows * stride))
        let addend = Storage(random.floats(rows * outputStride))
        let dense = Matrix(
            rows: rows, columns: outputs,
            values: (0..<rows).flatMap { y.values($0 * stride..<$0 * stride + outputs) })
        let products = naiveProduct(dense, weights, transposed: false)
        // The inputs in two ranges, of which the second begins where a panel does not.
        let middle = inputs / 2
        for source in [nil, addend] {
            let output = Storage([Float](repeating: 77, count: rows * outputStride))
            for range in [middle..<inputs, 0..<middle] {
                layer.applyTransposed(
                    y.base, stride: stride, rows: rows, inputs: range, addend: source?.base, into: output.base,
                    outputStride: outputStride)
            }
            let expected = (0..<rows * outputStride).map { index in
                let (row, column) = (index / outputStride, index % outputStride)
                return column < inputs
                    ? products[row * inputs + column] + Double(source?.base[index] ?? 0) : 77
            }
            #expect(firstDifference(output.values(0..<output.count), expected, atol: 2e-5, rtol: 2e-5) == nil)
        }
    }

    /// What a layer of weight 1 makes of numbers.
    private func activated(_ values: [Float], _ activation: Activation) -> [Float] {
        let one = Linear(weights: Matrix(rows: 1, columns: 1, values: [1]), bias: [0])
        let output = Storage(count: values.count)
        one.apply(
            values, stride: 1, rows: values.count, activation: activation, into: output.base,
            outputStride: 1)
        return output.values(0..<values.count)
    }

    @Test func reluSixCutsAtZeroAndSix() {
        #expect(activated([-1, -0.0, 0.5, 5.999, 6, 1e30, -1e30], .relu6) == [0, 0, 0.5, 5.999, 6, 6, 0])
    }

    @Test func geluIsExactWithinTheBoundOfItsApproximation() {
        // Abramowitz and Stegun 7.1.26 bounds the error of erf by 1.5e-7, so that of Phi by 0.75e-7; the rest is rounding.
        let values = (-12_000...12_000).map { Float($0) / 1000 }
        for (value, got) in zip(values.map(Double.init), activated(values, .gelu)) {
            let exact = value * 0.5 * erfc(-value / 2.0.squareRoot())
            #expect(abs(Double(got) - exact) <= 1.5e-7 * max(abs(value), 1) + 1e-7 * abs(exact), "gelu(\(value))")
        }
        // The tanh approximation gives 0.841192.
        #expect(isClose(Double(activated([1], .gelu)[0]), 0.841_344_746, atol: 2e-7, rtol: 0))
    }

    @Test func geluOfVeryLargeValuesIsTheValueOrZero() {
        let gelu = activated([1e4, -1e4, 1e30, -1e30], .gelu)
        #expect(firstDifference(gelu, [1e4, 0, 1e30, 0], atol: 1e-30, rtol: 1e-7) == nil)
    }

    @Test func quickGELUIsTheValueTimesItsGate() {
        let values = (-50_000...50_000).map { Float($0) / 1000 }
        for (value, got) in zip(values.map(Double.init), activated(values, .quickGELU)) {
            let exact = value / (1 + exp(-1.702 * value))
            // -1.702 |value| is rounded before the exponential is taken of it.
            #expect(isClose(Double(got), exact, atol: 0, rtol: 1e-6 + 2e-7 * abs(value)), "quickGELU(\(value))")
        }
        #expect(activated([1e4, -1e4, 1e30, -1e30, 0], .quickGELU) == [1e4, 0, 1e30, 0, 0])
    }

    @Test func whatIsNotANumberStaysSo() {
        // A number that went wrong must not come out as a small score.
        for activation in [Activation.none, .relu6, .gelu, .quickGELU] {
            #expect(activated([1, .nan, 2], activation).map { $0.isNaN } == [false, true, false])
        }
    }
}

/// A layer and its input, with gaps between rows.
private struct RandomLayer {
    let rows: Int
    let stride: Int
    let outputStride: Int
    let x: Storage
    let weights: Matrix
    let bias: [Float]
    let linear: Linear

    init(rows: Int, inputs: Int, outputs: Int) {
        var random = SplitMix64(seed: UInt64(rows * 10_000 + inputs * 100 + outputs))
        self.rows = rows
        stride = inputs + 3
        outputStride = outputs + 5
        x = Storage(random.floats(rows * stride))
        weights = Matrix(rows: outputs, columns: inputs, values: random.floats(outputs * inputs))
        bias = random.floats(outputs)
        linear = Linear(weights: weights, bias: bias)
    }

    /// The output by definition; between its rows stands what stood in the addend, or `gap`.
    func expected(_ activation: Activation, addend: Storage? = nil, beside gap: Double = 0) -> [Double] {
        var result: [Double] = []
        for row in 0..<rows {
            for column in 0..<outputStride {
                let added = addend.map { Double($0.base[row * outputStride + column]) }
                guard column < weights.rows else {
                    result.append(added ?? gap)
                    continue
                }
                var sum = Double(bias[column]) + (added ?? 0)
                for input in 0..<weights.columns {
                    sum += Double(x.base[row * stride + input]) * Double(weights[column, input])
                }
                switch activation {
                case .none: result.append(sum)
                case .relu6: result.append(relu6(sum))
                case .gelu: result.append(sum * 0.5 * erfc(-sum / 2.0.squareRoot()))
                case .quickGELU: result.append(sum / (1 + exp(-1.702 * sum)))
                }
            }
        }
        return result
    }
}
