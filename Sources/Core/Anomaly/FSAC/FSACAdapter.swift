/// An adapter's layers, with a GELU after each but the last, and the residual mix around them (eq. 4 and 5).
struct FSACAdapter: Sendable {
    let layers: [TrainableLinear]
    /// What the adapter adds; the rest of 1 is left of what went in.
    let share: Float

    /// What a pass forward leaves for the pass back: the layers' inputs, and the slopes of the GELUs.
    struct Trace {
        var inputs: [Matrix] = []
        var slopes: [Matrix] = []
    }

    /// - Returns: `share * A(x) + (1 - share) * x`.
    func apply(_ input: Matrix, _ parameters: Storage, _ parallelism: Parallelism) -> (Matrix, Trace) {
        var trace = Trace()
        var x = input
        for (index, layer) in layers.enumerated() {
            trace.inputs.append(x)
            x = layer.apply(x, parameters, parallelism)
            guard index < layers.count - 1 else { break }
            let (values, slopes) = x.gelu()
            trace.slopes.append(slopes)
            x = values
        }
        var mixed = x.scaled(by: share)
        mixed.add(input, scale: 1 - share)
        return (mixed, trace)
    }

    /// - Parameters:
    ///   - output: the derivatives by what ``apply(_:_:_:)`` returned.
    ///   - gradients: where those by the layers' weights are written; nil leaves them out.
    /// - Returns: the derivatives by the input; nil when they are not needed.
    func backward(
        _ output: Matrix, _ trace: Trace, _ parameters: Storage, _ gradients: Storage?, _ parallelism: Parallelism,
        needsInput: Bool
    ) -> Matrix? {
        var gradient = output.scaled(by: share)
        for index in layers.indices.reversed() {
            if index < trace.slopes.count { gradient.multiply(by: trace.slopes[index]) }
            if let gradients {
                layers[index].parameterGradient(trace.inputs[index], gradient, into: gradients, parallelism)
            }
            guard needsInput || index > 0 else { return nil }
            gradient = layers[index].inputGradient(gradient, parameters, parallelism)
        }
        gradient.add(output, scale: 1 - share)
        return gradient
    }
}
