/// Trains an FSAC head step by step.
package struct FSACTrainer {
    private let network: FSACNetwork
    private let input: FSACInput
    private let parallelism: Parallelism
    private let parameters: Storage
    private let gradients: Storage
    private var adam: Adam

    /// Random weights (Xavier's normal distribution; biases 0), the anchors on the mean tokens of both kinds.
    init(
        normal: Matrix, anomalous: Matrix, labels: [Float], settings: FSACSettings, using random: inout SplitMix64,
        _ parallelism: Parallelism
    ) {
        let normalMean = normal.mean(weights: [Float](repeating: 1, count: normal.rows))
        let anomalousMean = anomalous.mean(weights: labels)
        // Between the two means, which then lie opposite of each other.
        let centre = zip(normalMean, anomalousMean).map { ($0 + $1) / 2 }
        let layout = FSACLayout(width: normal.columns, settings: settings)
        let parameters = Storage(count: layout.count)
        for layer in layout.layers {
            let deviation = (2 / Float(layer.inputs + layer.outputs)).squareRoot()
            for index in layer.offset..<layer.biasOffset { parameters.base[index] = deviation * random.normal() }
        }
        var anchors = Matrix(
            rows: 2, columns: normal.columns,
            values: zip(normalMean + anomalousMean, centre + centre).map { $0 - $1 })
        anchors.normalizeRows()
        for (index, value) in anchors.values.enumerated() {
            parameters.base[layout.anchorOffset + index] = settings.inputNorm * value
        }
        self.init(
            layout: layout, parameters: parameters,
            input: FSACInput(centre: centre, tokens: [normal, anomalous], norm: settings.inputNorm),
            settings: settings, parallelism)
    }

    /// A trainer that goes on with the parameters of a head.
    package init(_ head: FSACHead, parallelism: Parallelism = .serial) {
        let layout = head.network.layout
        let parameters = Storage(head.parameters.values(0..<layout.count))
        self.init(
            layout: layout, parameters: parameters, input: head.input, settings: head.settings, parallelism)
    }

    private init(
        layout: FSACLayout, parameters: Storage, input: FSACInput, settings: FSACSettings, _ parallelism: Parallelism
    ) {
        network = FSACNetwork(layout: layout, settings: settings)
        self.input = input
        self.parallelism = parallelism
        self.parameters = parameters
        gradients = Storage(count: layout.count)
        adam = Adam(count: layout.count)
    }

    /// The loss of a batch, which leaves the gradient in place.
    ///
    /// - Parameters:
    ///   - tokens: `[B, C]`, the first half normal, the other half their partners.
    ///   - labels: `[B]`.
    package func loss(_ tokens: Matrix, labels: [Float]) -> Float {
        network.loss(
            of: input.prepared(tokens), labels: labels, parameters, gradients: gradients, parallelism)
    }

    /// One step on a batch; the loss before it.
    @discardableResult
    package mutating func step(_ tokens: Matrix, labels: [Float]) -> Float {
        let loss = loss(tokens, labels: labels)
        let settings = network.settings
        adam.step(
            parameters, gradients,
            rates: [
                (network.layout.imageRange, settings.imageLearningRate),
                (network.layout.otherRange, settings.anchorLearningRate),
            ], parallelism)
        return loss
    }

    /// The head as it is now.
    package var head: FSACHead {
        FSACHead(
            network: network, parameters: Storage(parameters.values(0..<parameters.count)), input: input)
    }

    /// The last gradient, by the names of the parameters.
    package var gradientTensors: [String: Tensor] { network.layout.tensors(of: gradients) }
}

extension FSACLayout {
    func tensors(of storage: Storage) -> [String: Tensor] {
        var result: [String: Tensor] = [:]
        for (name, shape, offset) in tensors {
            result[name] = Tensor(shape: shape, values: storage.values(offset..<offset + shape.reduce(1, *)))
        }
        return result
    }
}

/// What is done to tokens before a head sees them. Tokens of a backbone share a large part, beside which their differences
/// are small; CLIP's embeddings do not, and are longer.
struct FSACInput: Sendable {
    /// `[C]`.
    let centre: [Float]
    let scale: Float

    init(centre: [Float], scale: Float) {
        self.centre = centre
        self.scale = scale
    }

    /// - Parameter norm: the root mean square norm that `tokens` get.
    init(centre: [Float], tokens: [Matrix], norm: Float) {
        self.init(centre: centre, scale: 1)
        var (squares, count) = (Float(0), 0)
        for matrix in tokens.map(prepared) {
            squares += matrix.rowProducts(matrix).reduce(0, +)
            count += matrix.rows
        }
        let rms = (squares / Float(max(count, 1))).squareRoot()
        self.init(centre: centre, scale: rms > 0 ? norm / rms : 1)
    }

    func prepared(_ tokens: Matrix) -> Matrix {
        var result = tokens
        result.values.withUnsafeMutableBufferPointer { values in
            centre.withUnsafeBufferPointer { centre in
                for row in 0..<tokens.rows {
                    let start = row * centre.count
                    for column in 0..<centre.count {
                        values[start + column] = (values[start + column] - centre[column]) * scale
                    }
                }
            }
        }
        return result
    }
}

extension Matrix {
    /// The weighted mean of the rows.
    fileprivate func mean(weights: [Float]) -> [Float] {
        let total = weights.reduce(0, +)
        return Matrix(rows: rows, columns: 1, values: weights.map { $0 / total }).transposedProduct(self).values
    }
}
