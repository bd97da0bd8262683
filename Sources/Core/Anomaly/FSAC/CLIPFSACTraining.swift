// C width of the embeddings.

/// What a head learns from: for each shot embeddings of normal pictures, and of synthetic anomalies made from it.
struct CLIPFSACSample: Sendable {
    /// The shot first, then its turned copies.
    let normal: [[Float]]
    /// As good as the shot, and never trained on.
    let variants: [[Float]]
    /// In the order of the epochs that they are for.
    let training: [[Float]]
    /// Anomalies that are kept out of training.
    let heldOut: [[Float]]

    /// - Parameter anomalies: fresh ones for every epoch, in order.
    init(normal: [[Float]], variants: [[Float]], anomalies: [[Float]]) {
        self.normal = normal
        self.variants = variants
        let every = CLIPFSACSettings.heldOutEvery
        training = anomalies.indices.filter { $0 % every != every - 1 }.map { anomalies[$0] }
        heldOut = anomalies.indices.filter { $0 % every == every - 1 }.map { anomalies[$0] }
    }
}

/// The training of one head: Adam on pairs of a shot and an anomaly made from it, in an order that the seed decides.
struct CLIPFSACTraining {
    private let samples: [CLIPFSACSample]
    private let settings: CLIPFSACSettings
    private let parallelism: Parallelism
    private var trainer: FSACTrainer
    private var random = SplitMix64(seed: 0)
    /// The anchors as they were before training, and what makes embeddings comparable with them.
    let untrained: UntrainedAnchors

    /// - Parameters:
    ///   - samples: one shot or more, each with anomalies.
    ///   - anchors: from text, and fixed; nil learns them.
    init(
        _ samples: [CLIPFSACSample], anchors: TextAnchors?, _ settings: CLIPFSACSettings, _ parallelism: Parallelism
    ) {
        self.samples = samples
        self.settings = settings
        self.parallelism = parallelism
        untrained = UntrainedAnchors(samples, anchors)
        let width = untrained.anchors.columns
        let network = FSACNetwork(width: width, form: settings.form(width: width))
        trainer = FSACTrainer(
            network, parameters: network.layout.initialParameters(anchors: untrained.anchors, using: &random),
            input: untrained.input, keys: .batch,
            rates: CLIPFSACSettings.rates(network.layout, learnsAnchors: anchors == nil), parallelism)
    }

    var head: CLIPFSACHead { trainer.head(settings) }

    /// One epoch: each shot with the anomaly that is next, `settings.batch` pairs a step.
    mutating func train(epoch: Int) {
        let order = samples.shuffled(using: &random)
        for start in stride(from: 0, to: order.count, by: settings.batch) {
            let pairs = order[start..<min(start + settings.batch, order.count)]
            let normal = pairs.map { $0.normal[epoch % $0.normal.count] }
            let anomalous = pairs.map { $0.training[epoch % $0.training.count] }
            trainer.step(
                Matrix(stacking: normal + anomalous),
                labels: [Float](repeating: 0, count: pairs.count) + [Float](repeating: 1, count: pairs.count))
        }
    }
}

/// What tells pictures apart before anything is trained: the cosine similarities with both anchors.
struct UntrainedAnchors {
    let input: FSACInput
    /// `[2, C]`.
    let anchors: Matrix

    /// What embeddings get that are centred between learnt anchors. CLIP's have about that much by themselves.
    private static let norm: Float = 10

    init(_ samples: [CLIPFSACSample], _ anchors: TextAnchors?) {
        let normal = Matrix(stacking: samples.flatMap(\.normal))
        guard let anchors else {
            let anomalous = Matrix(stacking: samples.flatMap(\.training))
            let start = LearntAnchors(
                normal: normal, anomalous: anomalous, weights: [Float](repeating: 1, count: anomalous.rows),
                norm: Self.norm)
            input = start.input
            self.anchors = start.anchors
            return
        }
        precondition(
            anchors.normal.count == normal.columns,
            "clip-fsac: anchors of \(anchors.normal.count) for embeddings of \(normal.columns)")
        input = .identity(width: normal.columns)
        self.anchors = anchors.matrix.scaled(by: [normal].rootMeanSquareNorm)
    }

    /// `s(F, T-) - s(F, T+)` of each row.
    func margins(of embeddings: Matrix, _ parallelism: Parallelism) -> [Float] {
        let cosines = FSACCosines(input.prepared(embeddings), anchors, parallelism).values
        return (0..<cosines.rows).map { cosines[$0, 1] - cosines[$0, 0] }
    }
}

extension Matrix {
    /// One row a vector; at least one.
    init(stacking rows: [[Float]]) {
        self.init(rows: rows.count, columns: rows[0].count, values: rows.flatMap { $0 })
    }
}

extension FSACTrainer {
    /// A trainer that goes on with the parameters of a head.
    package init(_ head: CLIPFSACHead, learnsAnchors: Bool, parallelism: Parallelism = .serial) {
        let (network, parameters) = (head.model.network, head.model.parameters)
        self.init(
            network, parameters: Storage(parameters.values(0..<parameters.count)), input: head.model.input,
            keys: .batch, rates: CLIPFSACSettings.rates(network.layout, learnsAnchors: learnsAnchors), parallelism)
    }

    /// The head as it is now.
    package func head(_ settings: CLIPFSACSettings) -> CLIPFSACHead { CLIPFSACHead(model, settings) }
}
