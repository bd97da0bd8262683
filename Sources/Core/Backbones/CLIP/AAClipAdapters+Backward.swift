// N rows (tokens, patches or prompts), D width of a tower, C width of the embedding.

extension AdapterLayer {
    /// Adds the derivatives by the weights to `gradients`.
    ///
    /// - Parameters:
    ///   - x: `[N, inputs]`.
    ///   - output: `[N, outputs]`, what `apply` made of it.
    ///   - gradient: by the output.
    /// - Returns: the gradient by `x`.
    func backward(
        _ x: Matrix, output: Matrix, _ gradient: Matrix, _ parameters: Storage, into gradients: Storage,
        _ parallelism: Parallelism
    ) -> Matrix {
        var gradient = gradient
        if isActivated {
            for (index, value) in output.values.enumerated() where value < 0 {
                gradient.values[index] *= Self.negativeSlope
            }
        }
        linear.parameterGradient(x, gradient, into: gradients, adding: true, parallelism)
        return linear.inputGradient(gradient, parameters, parallelism)
    }
}

extension AAClipAdapters {
    /// Backward through `adapt(_:rows:by:)`; adds the derivatives by the adapter's weights to `gradients`.
    ///
    /// - Parameters:
    ///   - x: tokens of the residual stream before the adapter, `[N, D]`.
    ///   - gradient: by the tokens after it.
    /// - Returns: the gradient by `x`.
    package func adaptBackward(
        _ x: Matrix, _ gradient: Matrix, by adapter: AdapterLayer, into gradients: Storage, _ parallelism: Parallelism
    ) -> Matrix {
        let output = adapter.apply(x, parameters, parallelism)
        var outputGradient = gradient
        var streamGradient = gradient
        for row in 0..<x.rows {
            let range = row * x.columns..<(row + 1) * x.columns
            let own = range.reduce(0) { $0 + output.values[$1] * output.values[$1] }.squareRoot()
            let stream = range.reduce(0) { $0 + x.values[$1] * x.values[$1] }.squareRoot()
            guard own > 0, stream > 0 else {
                for index in range {
                    outputGradient.values[index] = 0
                    streamGradient.values[index] *= 1 - Self.weight
                }
                continue
            }
            // y = 0.1 |x| u + 0.9 x, u = output / |output|.
            let along = range.reduce(0) { $0 + gradient.values[$1] * output.values[$1] } / own
            for index in range {
                let unit = output.values[index] / own
                outputGradient.values[index] = Self.weight * stream / own * (gradient.values[index] - along * unit)
                streamGradient.values[index] =
                    (1 - Self.weight) * gradient.values[index] + Self.weight * along * x.values[index] / stream
            }
        }
        streamGradient.add(
            adapter.backward(x, output: output, outputGradient, parameters, into: gradients, parallelism))
        return streamGradient
    }

    /// Backward through `level(_:_:_:)`: from the gradient by the unit vectors to that by the tokens.
    package func levelBackward(
        _ index: Int, _ tokens: Matrix, _ gradient: Matrix, into gradients: Storage, _ parallelism: Parallelism
    ) -> Matrix {
        let layer = layout.levelProjections[index]
        let output = layer.apply(tokens, parameters, parallelism)
        return layer.backward(
            tokens, output: output, output.normalizedBackward(gradient), parameters, into: gradients, parallelism)
    }

    /// Backward through `detection(_:_:)`.
    ///
    /// - Parameter gradient: by the embedding, `[C]`.
    package func detectionBackward(
        _ tokens: Matrix, _ gradient: [Float], into gradients: Storage, _ parallelism: Parallelism
    ) -> Matrix {
        let layer = layout.detectionProjection
        let output = layer.apply(tokens, parameters, parallelism)
        let share = gradient.map { $0 / Float(tokens.rows) }
        let rows = Matrix(
            rows: tokens.rows, columns: share.count, values: (0..<tokens.rows).flatMap { _ in share })
        return layer.backward(
            tokens, output: output, output.normalizedBackward(rows), parameters, into: gradients, parallelism)
    }
}
