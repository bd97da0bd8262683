internal import Glibc

/// A linear map along one axis that mixes neighbours: a resampling, or a smoothing.
package struct ResampleAxis: Sendable, Equatable {
    /// Neighbouring inputs and what each counts for.
    struct Window {
        var first: Int
        var weights: [Double]

        init(first: Int, weights: [Double]) {
            self.first = first
            self.weights = weights
        }

        /// Points of which some may lie beyond the border, whose value goes on there.
        init(_ points: Range<Int>, of inputs: Int, weight: (Int) -> Double) {
            func inside(_ point: Int) -> Int { min(max(point, 0), inputs - 1) }
            first = inside(points.lowerBound)
            weights = [Double](repeating: 0, count: inside(points.upperBound - 1) - first + 1)
            for point in points { weights[inside(point) - first] += weight(point) }
        }
    }

    package let inputs: Int
    package var outputs: Int { firsts.count }
    /// By output: the first input that it is made of. They never decrease, nor do the windows' ends.
    let firsts: [Int]
    /// By output: where its weights begin, and the end of all.
    private let starts: [Int]
    private let weights: [Double]

    /// - Parameter stretch: of the axis that the outputs cover; nil is the whole. Points beyond it count where the interpolation
    ///   reaches them.
    /// - Precondition: both counts are positive, and the stretch lies inside of the axis and is not empty.
    package init(
        from inputs: Int, within stretch: Range<Double>? = nil, to outputs: Int, _ interpolation: Interpolation
    ) {
        let stretch = stretch ?? 0..<Double(inputs)
        precondition(
            inputs > 0 && outputs > 0 && !stretch.isEmpty && stretch.lowerBound >= 0
                && stretch.upperBound <= Double(inputs),
            "resampling of \(inputs) points, of which \(stretch), to \(outputs)")
        self.init(
            inputs: inputs,
            (0..<outputs).map { interpolation.window(of: $0, of: outputs, over: inputs, within: stretch) })
    }

    /// A Gaussian that ends at 4 standard deviations; the border's value goes on beyond it.
    ///
    /// - Parameter deviation: in points; 0 changes nothing.
    package init(smoothing count: Int, deviation: Double) {
        let radius = Int((4 * deviation + 0.5).rounded(.down))
        let kernel = (-radius...radius).map { offset in
            deviation > 0 ? exp(-0.5 * Double(offset * offset) / (deviation * deviation)) : 1
        }
        let sum = kernel.reduce(0, +)
        self.init(
            inputs: count,
            (0..<count).map { output in
                Window(output - radius..<output + radius + 1, of: count) { kernel[$0 - output + radius] / sum }
            })
    }

    private init(inputs: Int, _ windows: [Window]) {
        self.inputs = inputs
        firsts = windows.map(\.first)
        starts = windows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.weights.count) }
        weights = windows.flatMap(\.weights)
    }

    /// What an output is made of: as many inputs, from its first on.
    func weights(of output: Int) -> ArraySlice<Double> { weights[starts[output]..<starts[output + 1]] }

    /// The inputs that count.
    var used: Range<Int> { firsts[0]..<firsts[outputs - 1] + weights(of: outputs - 1).count }

    /// The same of these inputs alone.
    ///
    /// - Precondition: no others count.
    func restricted(to range: Range<Int>) -> ResampleAxis {
        precondition(range.lowerBound <= used.lowerBound && range.upperBound >= used.upperBound, "inputs \(range)")
        return ResampleAxis(
            inputs: range.count,
            (0..<outputs).map { Window(first: firsts[$0] - range.lowerBound, weights: Array(weights(of: $0))) })
    }

    /// First `other`, then this one, as one map.
    package func following(_ other: ResampleAxis) -> ResampleAxis {
        precondition(inputs == other.outputs, "resampling of \(inputs) points after one to \(other.outputs)")
        let windows = (0..<outputs).map { output in
            let own = weights(of: output)
            let (first, last) = (firsts[output], firsts[output] + own.count - 1)
            var window = Window(
                first: other.firsts[first],
                weights: [Double](
                    repeating: 0,
                    count: other.firsts[last] + other.weights(of: last).count - other.firsts[first]))
            for (point, weight) in zip(first...last, own) {
                for (index, share) in other.weights(of: point).enumerated() {
                    window.weights[other.firsts[point] - window.first + index] += weight * share
                }
            }
            return window
        }
        return ResampleAxis(inputs: other.inputs, windows)
    }

    /// The adjoint: from derivatives by the outputs to derivatives by the inputs.
    package var transposed: ResampleAxis {
        var windows = [Window](repeating: Window(first: 0, weights: []), count: inputs)
        for output in 0..<outputs {
            for (index, weight) in weights(of: output).enumerated() {
                let input = firsts[output] + index
                if windows[input].weights.isEmpty { windows[input].first = output }
                windows[input].weights.append(weight)
            }
        }
        return ResampleAxis(inputs: outputs, windows)
    }

    /// `[outputs, inputs]`.
    package var matrix: Matrix {
        var result = Matrix(rows: outputs, columns: inputs)
        for output in 0..<outputs {
            for (index, weight) in weights(of: output).enumerated() {
                result[output, firsts[output] + index] = Float(weight)
            }
        }
        return result
    }

    /// The middle axis of three: `[outer, inputs, inner] -> [outer, outputs, inner]`.
    func applied(to values: [Float], outer: Int, inner: Int) -> [Float] {
        precondition(
            values.count == outer * inputs * inner,
            "resampling: \(values.count) values for [\(outer), \(inputs), \(inner)]")
        return [Float](unsafeUninitializedCapacity: outer * outputs * inner) { result, count in
            count = outer * outputs * inner
            result.initialize(repeating: 0)
            values.withUnsafeBufferPointer { values in
                for block in 0..<outer {
                    for output in 0..<outputs {
                        let start = (block * outputs + output) * inner
                        var source = (block * inputs + firsts[output]) * inner
                        for tap in starts[output]..<starts[output + 1] {
                            let weight = Float(weights[tap])
                            for index in 0..<inner { result[start + index] += weight * values[source + index] }
                            source += inner
                        }
                    }
                }
            }
        }
    }
}
