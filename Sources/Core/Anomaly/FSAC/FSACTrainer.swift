/// Trains an FSAC network step by step.
package struct FSACTrainer {
    private let network: FSACNetwork
    private let input: FSACInput
    private let keys: FSACKeys
    private let rates: [(range: Range<Int>, rate: Float)]
    private let parallelism: Parallelism
    private let parameters: Storage
    private let gradients: Storage
    private var adam: Adam

    /// - Parameters:
    ///   - parameters: the trainer changes them.
    ///   - rates: ranges of parameters with their learning rates; others are not trained.
    init(
        _ network: FSACNetwork, parameters: Storage, input: FSACInput, keys: FSACKeys,
        rates: [(range: Range<Int>, rate: Float)], _ parallelism: Parallelism
    ) {
        self.network = network
        self.input = input
        self.keys = keys
        self.rates = rates
        self.parallelism = parallelism
        self.parameters = parameters
        gradients = Storage(count: network.layout.count)
        adam = Adam(count: network.layout.count)
    }

    /// The losses of a batch, which leave the gradient in place.
    ///
    /// - Parameters:
    ///   - tokens: `[B, C]`, the first half normal, the other half their partners.
    ///   - labels: `[B]`.
    package func losses(_ tokens: Matrix, labels: [Float]) -> FSACLoss {
        network.loss(
            of: input.prepared(tokens), labels: labels, keys: keys, parameters, gradients: gradients, parallelism)
    }

    /// The loss of a batch (eq. 13), which leaves the gradient in place.
    package func loss(_ tokens: Matrix, labels: [Float]) -> Float { losses(tokens, labels: labels).value }

    /// One step on a batch; the loss before it.
    @discardableResult
    package mutating func step(_ tokens: Matrix, labels: [Float]) -> Float {
        let loss = loss(tokens, labels: labels)
        adam.step(parameters, gradients, rates: rates, parallelism)
        return loss
    }

    /// The network as it is now.
    var model: FSACModel {
        FSACModel(network: network, parameters: Storage(parameters.values(0..<parameters.count)), input: input)
    }

    /// The last gradient, by the names of the parameters.
    package var gradientTensors: [String: Tensor] { gradients.tensors(at: network.layout.places) }
}
