import Core
import TestSupport
import Testing

/// A layer somewhere among other numbers, and what it is applied to.
private struct LayerCase {
    static let before = 5
    let layer: TrainableLinear
    let parameters: Storage
    let x: Matrix
    /// Weights of the outputs in the scalar that is differentiated.
    let share: Matrix

    init(rows: Int, inputs: Int, outputs: Int, hasBias: Bool) {
        layer = TrainableLinear(
            name: "layer", inputs: inputs, outputs: outputs, hasBias: hasBias, offset: Self.before)
        var random = SplitMix64(seed: UInt64(rows * 10_000 + inputs * 100 + outputs))
        parameters = Storage(random.floats(layer.range.upperBound + 3))
        x = Matrix(rows: rows, columns: inputs, values: random.floats(rows * inputs))
        share = Matrix(rows: rows, columns: outputs, values: random.floats(rows * outputs))
    }

    var weights: Matrix {
        Matrix(rows: layer.outputs, columns: layer.inputs, values: parameters.values(layer.weightRange))
    }

    /// By the definition: `y = x Wᵀ + b`.
    var naive: [Double] {
        let products = naiveProduct(x, weights, transposed: true)
        guard layer.hasBias else { return products }
        let bias = parameters.values(layer.weightRange.upperBound..<layer.range.upperBound)
        return products.indices.map { products[$0] + Double(bias[$0 % layer.outputs]) }
    }

    /// `sum(share * y)`, of which `share` is the gradient by `y`.
    func scalar(_ x: Matrix) -> Double {
        let y = layer.apply(x, parameters, .serial)
        return zip(y.values, share.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}

@Suite struct TrainableLinearTests {
    private static let shapes = [(1, 1, 1), (1, 7, 3), (3, 5, 17), (20, 33, 9), (70, 130, 66)]
    private static let cases = shapes.flatMap { shape in [true, false].map { (shape, $0) } }

    private func layerCase(_ shape: (Int, Int, Int), _ hasBias: Bool) -> LayerCase {
        LayerCase(rows: shape.0, inputs: shape.1, outputs: shape.2, hasBias: hasBias)
    }

    @Test(arguments: cases, [1, 3])
    func theLayerIsItsDefinition(_ shape: ((Int, Int, Int), Bool), threads: Int) {
        let made = layerCase(shape.0, shape.1)
        let got = made.layer.apply(made.x, made.parameters, Parallelism(threads: threads))
        #expect(firstDifference(got.values, made.naive, atol: 1e-5, rtol: 1e-5) == nil)
    }

    @Test(arguments: cases, [1, 3])
    func theWayBackIsTheDefinitionsDerivative(_ shape: ((Int, Int, Int), Bool), threads: Int) {
        let (made, parallelism) = (layerCase(shape.0, shape.1), Parallelism(threads: threads))
        let byInput = made.layer.inputGradient(made.share, made.parameters, parallelism)
        #expect(firstDifference(byInput.values, naiveProduct(made.share, made.weights), atol: 1e-5, rtol: 1e-5) == nil)

        let gradients = Storage(count: made.parameters.count)
        made.layer.parameterGradient(made.x, made.share, into: gradients, parallelism)
        let once = gradients.values(made.layer.range)
        var wanted = naiveProduct(made.share.transposed(), made.x)
        if made.layer.hasBias {
            let ones = Matrix(rows: 1, columns: made.x.rows, values: [Float](repeating: 1, count: made.x.rows))
            wanted += naiveProduct(ones, made.share)
        }
        #expect(firstDifference(once, wanted, atol: 1e-5, rtol: 1e-5) == nil)
        #expect(gradients.values(0..<LayerCase.before).allSatisfy { $0 == 0 })
        #expect(gradients.values(made.layer.range.upperBound..<gradients.count).allSatisfy { $0 == 0 })

        made.layer.parameterGradient(made.x, made.share, into: gradients, adding: true, parallelism)
        #expect(
            firstDifference(gradients.values(made.layer.range), wanted.map { 2 * $0 }, atol: 2e-5, rtol: 1e-5) == nil)
        // Without `adding` what was there does not count.
        made.layer.parameterGradient(made.x, made.share, into: gradients, parallelism)
        #expect(gradients.values(made.layer.range) == once)
    }

    /// The layer is linear in each of its numbers, so a difference quotient is exact but for rounding.
    @Test(arguments: [true, false])
    func derivativesAreDifferenceQuotients(_ hasBias: Bool) {
        let made = LayerCase(rows: 4, inputs: 6, outputs: 3, hasBias: hasBias)
        let gradients = Storage(count: made.parameters.count)
        made.layer.parameterGradient(made.x, made.share, into: gradients, .serial)
        for index in made.layer.range {
            let old = made.parameters.base[index]
            made.parameters.base[index] = old + 0.5
            let above = made.scalar(made.x)
            made.parameters.base[index] = old - 0.5
            let below = made.scalar(made.x)
            made.parameters.base[index] = old
            #expect(isClose(Double(gradients.base[index]), above - below, atol: 1e-5, rtol: 1e-4), "\(index)")
        }
        let byInput = made.layer.inputGradient(made.share, made.parameters, .serial)
        for index in made.x.values.indices {
            var (above, below) = (made.x, made.x)
            above.values[index] += 0.5
            below.values[index] -= 0.5
            let quotient = made.scalar(above) - made.scalar(below)
            #expect(isClose(Double(byInput.values[index]), quotient, atol: 1e-5, rtol: 1e-4), "\(index)")
        }
    }

    @Test func tensorsLieWhereTheLayerReadsThem() {
        let made = LayerCase(rows: 2, inputs: 3, outputs: 2, hasBias: true)
        #expect(made.layer.places.map(\.name) == ["layer.weight", "layer.bias"])
        #expect(made.layer.places.map(\.shape) == [[2, 3], [2]])
        let tensors = made.parameters.tensors(at: made.layer.places)
        #expect(tensors["layer.weight"]?.values == made.parameters.values(5..<11))
        #expect(tensors["layer.bias"]?.values == made.parameters.values(11..<13))
    }
}
