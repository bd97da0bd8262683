import Core
import Foundation
import TestSupport
import Testing

@Suite struct IntegerLinearTests {
    /// Rows, inputs, outputs: one number, tails of rows, panels and groups of four inputs, more inputs than a block of AVX2 (512).
    static let shapes = [
        (1, 1, 1), (2, 3, 5), (12, 16, 32), (13, 7, 16), (11, 21, 17), (25, 33, 31), (5, 9, 33), (31, 40, 70),
        (3, 511, 48), (7, 515, 49), (14, 1_030, 65),
    ]
    /// Those that this processor has: plain always. Continuous integration prints which.
    static let paths = IntegerPath.allCases.filter(\.isAvailable)

    static func eachWidth(of values: [Float]) -> [(Float, IntegerWidth)] {
        values.flatMap { value in IntegerWidth.allCases.map { (value, $0) } }
    }

    @Test func thePathsThatAreTestedAreThoseOfTheProcessor() {
        print("paths of integer products on this processor: \(Self.paths)")
        #expect(Self.paths.contains(.plain) && Self.paths.contains(.best))
    }

    @Test(arguments: IntegerPath.allCases) func aLimitedChoiceIsAvailableAndNoFasterPath(most: IntegerPath) {
        let best = IntegerPath.best(upTo: most)
        #expect(best.isAvailable && best.rawValue <= most.rawValue)
        #expect(!most.isAvailable || best == most)
    }

    @Test(arguments: shapes, paths) func everyPathIsTheProductOfWholeNumbers(
        shape: (Int, Int, Int), path: IntegerPath
    ) {
        for width in IntegerWidth.allCases {
            let layer = WholeLayer(rows: shape.0, inputs: shape.1, outputs: shape.2, width: width)
            for activation in [Activation.none, .relu6, .gelu, .quickGELU] {
                #expect(layer.firstDifference(path, activation) == nil, "\(width), \(activation)")
            }
        }
    }

    @Test(arguments: paths) func theLargestSumsAreNotSaturated(path: IntegerPath) {
        // 255 * 127 twice is more than 16 bits hold; a row of them is the most that there is.
        for sign: Float in [1, -1] {
            let layer = WholeLayer(
                rows: 7, inputs: 1_030, outputs: 40, number: { $0 == 0 ? 0 : 255 }, weight: { _ in 127 * sign })
            #expect(layer.firstDifference(path, .none) == nil)
            // Of words a sum of weights is bounded: these reach 32 bits as nearly as 16-bit weights can.
            for inputs in [2, 17, 1_030, IntegerLinear.mostInputs] {
                let layer = WholeLayer(
                    rows: 2, inputs: inputs, outputs: 3, width: .words, number: { $0 == 0 ? 0 : 4095 },
                    weight: { _ in sign / 64 })
                #expect(layer.firstDifference(path, .none) == nil, "\(inputs) inputs")
            }
        }
    }

    @Test(arguments: shapes, paths) func anAddendIsAddedBeforeTheActivationAlsoInPlace(
        shape: (Int, Int, Int), path: IntegerPath
    ) {
        for width in IntegerWidth.allCases {
            let layer = WholeLayer(rows: shape.0, inputs: shape.1, outputs: shape.2, width: width)
            var random = SplitMix64(seed: 2)
            let addend = Storage(random.floats(shape.0 * layer.outputStride))
            for activation in [Activation.none, .relu6] {
                #expect(layer.firstDifference(path, activation, addend: addend) == nil)
                #expect(layer.firstDifference(path, activation, addend: addend, inPlace: true) == nil)
            }
        }
    }

    @Test(arguments: shapes) func allPathsSayTheSameToTheLastBitButForRoundingOfThePlainOne(shape: (Int, Int, Int)) {
        for width in IntegerWidth.allCases {
            let layer = WholeLayer(rows: shape.0, inputs: shape.1, outputs: shape.2, width: width)
            let outputs = Self.paths.filter { $0 != .plain }.map { layer.output($0, .gelu, addend: nil) }
            for output in outputs.dropFirst() {
                let isSame = output == outputs[0]
                #expect(isSame)
            }
        }
    }

    @Test(arguments: shapes) func panelsOneByOneAreTheWholeLayer(shape: (Int, Int, Int)) {
        let layer = WholeLayer(rows: shape.0, inputs: shape.1, outputs: shape.2)
        let pieces = Storage([Float](repeating: 77, count: shape.0 * layer.outputStride))
        for panel in (0..<layer.linear.panelCount).reversed() {
            layer.linear.apply(
                layer.rows, rows: shape.0, panels: panel..<panel + 1, activation: .gelu, into: pieces.base,
                outputStride: layer.outputStride)
        }
        let isSame = pieces.values(0..<pieces.count) == layer.output(.best, .gelu, addend: nil)
        #expect(isSame)
    }

    @Test(arguments: paths) func aRowOfOneValueKeepsIt(path: IntegerPath) {
        // Its step is zero: nothing may be divided by that.
        for (value, width) in Self.eachWidth(of: [0, -3, 1e30]) {
            // Words round a weight of one, too.
            let kept = identity(of: [value, value, value, value, value], path, width)
            #expect(kept.allSatisfy { abs($0 - value) <= (width == .bytes ? 0 : 1e-4 * abs(value)) })
        }
    }

    @Test(arguments: paths) func aNumberIsKeptWithinHalfAStepOfItsRow(path: IntegerPath) {
        var random = SplitMix64(seed: 5)
        // The smallest: steps that have no reciprocal. Then a number is kept to within what single precision tells from zero.
        for width in IntegerWidth.allCases {
            for scale: Float in [1e-37, 1e-20, 1, 1e20] {
                let row = random.floats(97).map { $0 * scale }
                let step = ((row.max() ?? 0) - (row.min() ?? 0)) / Float(width.levels)
                for (got, expected) in zip(identity(of: row, path, width), row) {
                    #expect(abs(got - expected) <= max(0.501 * step, 1e-36), "\(got), expected \(expected)")
                }
            }
        }
    }

    @Test(arguments: paths) func whatIsNotANumberMakesItsWholeRowSuchAndNoOther(path: IntegerPath) {
        // A number that went wrong must not come out as a small score.
        for (wrong, width) in Self.eachWidth(of: [.nan, .infinity, -.infinity]) {
            let layer = IntegerLinear(
                weights: Matrix(rows: 3, columns: 18, values: [Float](repeating: 0.5, count: 54)), bias: [0, 0, 0],
                width: width)
            for place in [0, 15, 17] {
                var values = [Float](repeating: 1, count: 54)
                values[18 + place] = wrong
                let rows = QuantisedRows(rows: 3, columns: 18, width: width)
                rows.quantise(values, stride: 18, rows: 0..<3)
                let output = Storage(count: 9)
                layer.apply(rows, rows: 3, activation: .gelu, path: path, into: output.base, outputStride: 3)
                let isWrong = output.values(0..<9).map { $0.isNaN }
                #expect(isWrong == [false, false, false, true, true, true, false, false, false])
            }
        }
    }

    @Test func layerNormAndBytesAtOnceAreTheOneAfterTheOther() {
        let (rows, columns) = (5, 37)
        var random = SplitMix64(seed: 9)
        let (x, gamma, beta) = (
            Storage(random.floats(rows * columns)), Storage(random.floats(columns)), Storage(random.floats(columns))
        )
        var expected: [Float] = []
        for row in 0..<rows {
            let values = (0..<columns).map { Double(x.base[row * columns + $0]) }
            let mean = values.reduce(0, +) / Double(columns)
            let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(columns)
            for (column, value) in values.enumerated() {
                expected.append(
                    Float((value - mean) / (variance + 1e-6).squareRoot() * Double(gamma.base[column]))
                        + beta.base[column])
            }
        }
        let quantised = QuantisedRows(rows: rows, columns: columns)
        let scratch = Storage(count: columns)
        quantised.quantise(x.base, rows: 0..<2, gamma: gamma, beta: beta, epsilon: 1e-6, scratch: scratch.base)
        quantised.quantise(x.base, rows: 2..<5, gamma: gamma, beta: beta, epsilon: 1e-6, scratch: scratch.base)
        let output = Storage(count: rows * columns)
        unitLayer(columns).apply(quantised, rows: rows, into: output.base, outputStride: columns)
        for row in 0..<rows {
            let values = expected[row * columns..<(row + 1) * columns]
            let step = ((values.max() ?? 0) - (values.min() ?? 0)) / 255
            for (got, value) in zip(output.values(row * columns..<(row + 1) * columns), values) {
                #expect(abs(got - value) <= 0.51 * step)
            }
        }
    }

    @Test func weightsAreRoundedToA127thOfTheLargestOfTheirOutput() {
        var random = SplitMix64(seed: 11)
        let weights = Matrix(rows: 40, columns: 50, values: random.floats(2_000))
        let layer = IntegerLinear(Linear(weights: weights, bias: [Float](repeating: 0, count: 40)))
        let rows = QuantisedRows(rows: 1, columns: 50)
        for input in 0..<50 {
            let x = (0..<50).map { Float($0 == input ? 1 : 0) }
            rows.quantise(x, stride: 50, rows: 0..<1)
            let output = Storage(count: 40)
            layer.apply(rows, rows: 1, into: output.base, outputStride: 40)
            for (index, got) in output.values(0..<40).enumerated() {
                let largest = weights.row(index).map { abs($0) }.max() ?? 0
                #expect(abs(got - weights[index, input]) <= 0.501 * largest / 127 + 1e-6)
            }
        }
    }
}

private func unitLayer(_ size: Int, _ width: IntegerWidth = .bytes) -> IntegerLinear {
    let values = (0..<size * size).map { Float($0 / size == $0 % size ? 1 : 0) }
    return IntegerLinear(
        weights: Matrix(rows: size, columns: size, values: values), bias: [Float](repeating: 0, count: size),
        width: width)
}

private func identity(of row: [Float], _ path: IntegerPath, _ width: IntegerWidth) -> [Float] {
    let rows = QuantisedRows(rows: 1, columns: row.count, width: width)
    rows.quantise(row, stride: row.count, rows: 0..<1)
    let output = Storage(count: row.count)
    unitLayer(row.count, width).apply(rows, rows: 1, path: path, into: output.base, outputStride: row.count)
    return output.values(0..<row.count)
}

/// A layer and an input that its numbers hold exactly, or as nearly as single precision: rows of whole numbers from 0 to the most, both of
/// which occur where there is room, and weights that are whole multiples of 1/64 and reach 127/64.
private struct WholeLayer {
    let count: Int
    let inputs: Int
    let outputs: Int
    let outputStride: Int
    let x: [Float]
    let weights: Matrix
    let bias: [Float]
    let rows: QuantisedRows
    let linear: IntegerLinear

    init(
        rows count: Int, inputs: Int, outputs: Int, width: IntegerWidth = .bytes, number: ((Int) -> Float)? = nil,
        weight: ((Int) -> Float)? = nil
    ) {
        var random = SplitMix64(seed: UInt64(count * 10_000 + inputs * 100 + outputs))
        (self.count, self.inputs, self.outputs, outputStride) = (count, inputs, outputs, outputs + 5)
        x = (0..<count * inputs).map { index in
            let column = index % inputs
            let levels = width.levels
            return number?(column)
                ?? (column == 0 ? 0 : column == 1 ? Float(levels) : Float(random.next() % UInt64(levels + 1)))
        }
        weights = Matrix(
            rows: outputs, columns: inputs,
            values: (0..<outputs * inputs).map { index in
                let column = index % inputs
                return (weight?(column) ?? (column == 0 ? 127 : Float(random.next() % 255) - 127)) / 64
            })
        bias = random.floats(outputs)
        rows = QuantisedRows(rows: count, columns: inputs, width: width)
        rows.quantise(x, stride: inputs, rows: 0..<count)
        linear = IntegerLinear(weights: weights, bias: bias, width: width)
    }

    func output(
        _ path: IntegerPath, _ activation: Activation, addend: Storage?, inPlace: Bool = false
    ) -> [Float] {
        let output = Storage([Float](repeating: 77, count: count * outputStride))
        if inPlace, let addend { output.base.update(from: addend.base, count: addend.count) }
        linear.apply(
            rows, rows: count, addend: addend.map { UnsafePointer(inPlace ? output.base : $0.base) },
            activation: activation, path: path, into: output.base, outputStride: outputStride)
        return output.values(0..<output.count)
    }

    /// Of the output from what it is by definition; between the rows stays what stood there.
    func firstDifference(
        _ path: IntegerPath, _ activation: Activation, addend: Storage? = nil, inPlace: Bool = false
    ) -> String? {
        let got = output(path, activation, addend: addend, inPlace: inPlace)
        for (index, value) in got.enumerated() {
            let (row, column) = (index / outputStride, index % outputStride)
            guard column < outputs else {
                let before = inPlace ? addend?.base[index] ?? 77 : 77
                if value != before { return "\(value) between rows, expected \(before)" }
                continue
            }
            var sum = Double(bias[column]) + Double(addend?.base[index] ?? 0)
            // What the single steps of the sum may be rounded by.
            var magnitude = abs(sum)
            for input in 0..<inputs {
                let product = Double(x[row * inputs + input]) * Double(weights[column, input])
                sum += product
                magnitude = max(magnitude, abs(sum))
            }
            let expected =
                switch activation {
                case .none: sum
                case .relu6: min(max(sum, 0), 6)
                case .gelu: sum * 0.5 * erfc(-sum / 2.0.squareRoot())
                case .quickGELU: sum / (1 + exp(-1.702 * sum))
                }
            // The GELU of layers in integers is a polynomial.
            let tolerance =
                rounding(of: row, column) + 1e-6 * magnitude
                + (activation == .gelu ? 1e-4 + 1e-5 * abs(sum) : 1e-6)
            if abs(Double(value) - expected) > tolerance {
                return "row \(row), output \(column): \(value), expected \(expected)"
            }
        }
        return nil
    }

    /// What the rounded weights of an output may change of a row's sum: bytes hold them exactly, words to half a step.
    private func rounding(of row: Int, _ column: Int) -> Double {
        guard linear.width == .words else { return 0 }
        let sizes = weights.row(column).map { Double(abs($0)) }
        let room = Double(Int(Int32.max) / linear.width.levels - inputs)
        let step = max((sizes.max() ?? 0) / Double(Int16.max), sizes.reduce(0, +) / room)
        return 0.501 * step * x[row * inputs..<(row + 1) * inputs].reduce(0) { $0 + Double($1) }
    }
}
