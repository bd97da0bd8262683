internal import Glibc

// N patches, M anomalous ones, C feature width.

/// Tells anomalous patches from normal ones: the trained modules of CLIP-FSAC++ on patch features of any backbone.
///
/// The paper has one class token a picture; here each patch is one, and its own only key in the attention of eq. 8, also during
/// training: a patch's score would else depend on which patches it is looked at with.
///
/// - SeeAlso: Zuo et al., "CLIP-FSAC++: Few-shot anomaly classification with anomaly descriptor based on CLIP", 2024.
package struct FSACHead: Sendable {
    let model: FSACModel
    package let settings: FSACSettings

    init(_ model: FSACModel, _ settings: FSACSettings) {
        self.model = model
        self.settings = settings
    }

    /// C.
    package var featureWidth: Int { model.width }

    /// How anomalous each patch is: `S- / (S- + S+)` (eq. 14 to 16).
    ///
    /// - Parameter tokens: `[N, C]`, unit rows.
    /// - Returns: `[N]`, 0...1; a patch's depends on that patch alone.
    package func probabilities(of tokens: Matrix, _ parallelism: Parallelism = .serial) -> [Float] {
        margins(of: tokens, parallelism).map { 1 / (1 + exp(-$0)) }
    }

    /// `(s(CF, CT-) - s(CF, CT+)) / tau`, the logarithm of the odds of ``probabilities(of:_:)``, which does not lose its
    /// digits near 0 and 1.
    package func margins(of tokens: Matrix, _ parallelism: Parallelism = .serial) -> [Float] {
        model.margins(of: tokens, parallelism)
    }

    /// Trains a head.
    ///
    /// - Parameters:
    ///   - normal: `[N, C]`, unit rows: tokens of normal patches.
    ///   - anomalous: `[M, C]`, unit rows: tokens of patches that synthetic anomalies touch.
    ///   - labels: `[M]`, how anomalous each of them is, 0...1; one of them at least above 0.
    ///   - progress: 0...1, after each step.
    ///   - isCancelled: asked before each step.
    /// - Throws: `FitError.badSettings`, `.cancelled`.
    /// - Precondition: N and M are at least 1.
    package static func train(
        normal: Matrix, anomalous: Matrix, labels: [Float], settings: FSACSettings = FSACSettings(), seed: UInt64,
        parallelism: Parallelism = .serial, progress: (Double) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws(FitError) -> FSACHead {
        if let problem = settings.problem { throw .badSettings("fsac: " + problem) }
        precondition(
            normal.rows > 0 && anomalous.rows > 0 && labels.count == anomalous.rows && labels.contains { $0 > 0 }
                && normal.columns == anomalous.columns,
            "fsac: \(normal.rows) normal, \(anomalous.rows) anomalous tokens, \(labels.count) labels")
        var random = SplitMix64(seed: seed)
        var trainer = FSACTrainer(
            normal: normal, anomalous: anomalous, labels: labels, settings, using: &random, parallelism)
        let half = settings.batchSize / 2
        var normals = Draw(count: normal.rows)
        var anomalies = Draw(count: anomalous.rows)
        for step in 1...settings.steps {
            if isCancelled() { throw .cancelled }
            let normalRows = normals.next(half, using: &random)
            let anomalousRows = anomalies.next(half, using: &random)
            trainer.step(
                Matrix(joiningRows: [normal.rows(normalRows), anomalous.rows(anomalousRows)]),
                labels: [Float](repeating: 0, count: half) + anomalousRows.map { labels[$0] })
            progress(Double(step) / Double(settings.steps))
        }
        return trainer.head(settings)
    }
}

// MARK: Storage

extension FSACHead {
    /// All that was learnt, by name: `settings` and these make the same head.
    package var tensors: [String: Tensor] { model.tensors }

    /// - Throws: `DamagedSection`: a tensor is missing or has another shape than `settings` say.
    package init(settings: FSACSettings, tensors: [String: Tensor]) throws(DamagedSection) {
        if let problem = settings.problem {
            throw DamagedSection(section: "fsac", expected: "settings that a fit writes", got: problem)
        }
        self.init(try FSACModel(tensors: tensors) { _ in settings.form }, settings)
    }
}

// MARK: Training

extension FSACTrainer {
    /// A trainer that goes on with the parameters of a head.
    package init(_ head: FSACHead, parallelism: Parallelism = .serial) {
        let (network, parameters) = (head.model.network, head.model.parameters)
        self.init(
            network, parameters: Storage(parameters.values(0..<parameters.count)), input: head.model.input, keys: .own,
            rates: head.settings.rates(network.layout), parallelism)
    }

    /// The head as it is now.
    package func head(_ settings: FSACSettings) -> FSACHead { FSACHead(model, settings) }

    /// Random weights, the anchors on the mean tokens of both kinds.
    fileprivate init(
        normal: Matrix, anomalous: Matrix, labels: [Float], _ settings: FSACSettings, using random: inout SplitMix64,
        _ parallelism: Parallelism
    ) {
        let start = LearntAnchors(
            normal: normal, anomalous: anomalous, weights: labels, norm: settings.inputNorm)
        let network = FSACNetwork(width: normal.columns, form: settings.form)
        self.init(
            network, parameters: network.layout.initialParameters(anchors: start.anchors, using: &random),
            input: start.input, keys: .own, rates: settings.rates(network.layout), parallelism)
    }
}

extension FSACSettings {
    fileprivate func rates(_ layout: FSACLayout) -> [(range: Range<Int>, rate: Float)] {
        [
            (layout.imageRange, imageLearningRate), (layout.textRange, anchorLearningRate),
            (layout.anchorRange, anchorLearningRate),
        ]
    }
}

/// Rows in random order, each once before any comes again.
private struct Draw {
    private var order: [Int]
    private var position: Int

    init(count: Int) {
        order = Array(0..<count)
        position = count
    }

    mutating func next(_ count: Int, using random: inout SplitMix64) -> [Int] {
        (0..<count).map { _ in
            if position == order.count {
                order.shuffle(using: &random)
                position = 0
            }
            position += 1
            return order[position - 1]
        }
    }
}
