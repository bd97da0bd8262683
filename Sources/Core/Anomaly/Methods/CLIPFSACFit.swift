// n shots, C width of a picture's embedding.

/// CLIP-FSAC++: adapters and the Anomaly Descriptor, trained on the shots and synthetic anomalies made from them.
package struct CLIPFSACMethod: Method {
    package var rotations = 1
    package var training = CLIPFSACSettings()

    package init() {}

    package static let about = MethodDescription(
        name: "clip-fsac",
        summary:
            "CLIP-FSAC++, a head on the whole picture that is trained on synthetic anomalies; made for a CLIP backbone",
        reference: "Zuo et al. 2024")
    package static let headers: [any ScorerHeader.Type] = [CLIPFSACScorer.Header.self]
    package static let needs = MethodNeeds(text: .welcome, embedding: true)
    package static let options: [MethodOption<Self>] = [
        .rotations(\.rotations),
        .choice(
            "preset", \.training.preset,
            help: "the paper's hyper-parameters for parts as in these data sets"),
        .choice(
            "descriptor", \.training.descriptor,
            help: "the Anomaly Descriptor as printed, or with unadapted texts as in the authors' code"),
        .number(
            "epochs", \.training.epochs.number, in: 0...10_000, unit: "epochs",
            help:
                "how often each shot is trained on, each time with a fresh synthetic anomaly; 0 is as long as it gets "
                + "better at anomalies that are kept out of training, at most 100 times"),
        .number(
            "batch", \.training.batch, in: 1...64, unit: "pairs",
            help: "pairs of a shot and an anomaly in a step of training"),
        .choice(
            "map", \.training.map, changesScores: false,
            help:
                "what the map shows: how much the score changes with each pixel (1.6 times the time of the picture itself "
                + "on top), or how much more a patch is like the words for bad parts than the shots' patches are"),
    ]

    package static func layers(default defaults: [Int], text: [Int]) -> [Int] { text.last.map { [$0] } ?? defaults }

    package func plan(shotCount: Int) -> FitPlan {
        FitPlan(rotations: rotations, anomalies: training.anomaliesPerShot * shotCount, embedsAnomaliesOnly: true)
    }
    package func fit(_ setup: FitSetup) -> any ScorerFit { CLIPFSACFit(training, anchors: setup.anchors) }
}

/// Trains CLIP-FSAC++ heads: one with all shots, and those that judge the shots that they do not know.
package struct CLIPFSACFit: ScorerFit {
    private let settings: CLIPFSACSettings
    private let anchors: TextAnchors?
    private var samples: [CLIPFSACSample] = []
    private var shots: [ShotFeatures.View] = []
    /// By the shots that are left out.
    private var trained: [Set<Int>: Trained] = [:]
    private var evidence: TrainingEvidence?

    private struct Trained {
        let head: CLIPFSACHead
        let scale: CLIPFSACScale
        let untrained: UntrainedAnchors
    }

    /// Heads are trained with a fold of the shots left out, not with one shot left out each: training one takes seconds, and four
    /// are enough for three quarters of the shots to be in each. Up to four shots, a fold is one shot. All heads start with the same
    /// random weights and train for the same number of epochs, so that they differ by their shots alone; none starts from the
    /// head of all shots, which has seen what is left out.
    private static let mostFolds = 4

    /// - Parameter anchors: of the texts, `[C]`; nil learns them.
    package init(_ settings: CLIPFSACSettings, anchors: TextAnchors?) {
        self.settings = settings
        self.anchors = anchors
    }

    package var trainingShare: Double { 0.4 }

    package mutating func add(_ shot: ShotFeatures) {
        func embeddings(_ views: [ShotFeatures.View]) -> [[Float]] {
            views.map { view in
                guard let whole = view.features.whole else { preconditionFailure("clip-fsac: no embedding") }
                return whole.embedding
            }
        }
        shots.append(shot.own)
        samples.append(
            CLIPFSACSample(
                normal: embeddings([shot.own] + shot.turned), variants: embeddings(shot.variants),
                anomalies: embeddings(shot.anomalies.map(\.view))))
    }

    package mutating func finish(
        _ shots: ShotSource, _ parallelism: Parallelism, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws(FitError) {
        guard samples.allSatisfy({ !$0.heldOut.isEmpty }) else {
            let counts = samples.map { $0.training.count + $0.heldOut.count }
            throw .badSettings(
                "clip-fsac: expected \(CLIPFSACSettings.heldOutEvery) synthetic anomalies of each shot or more, got "
                    + "\(counts): pictures must have 8 pixels or more a side")
        }
        let folds = folds
        var done = 0
        func trained(leavingOut left: Set<Int>, epochs: CLIPFSACSettings.Epochs) throws(FitError) -> (Trained, Int) {
            defer { done += 1 }
            return try train(leavingOut: left, epochs: epochs, parallelism) { share in
                progress((Double(done) + share) / Double(folds.count + 1))
                return !isCancelled()
            }
        }
        let (all, epochs) = try trained(leavingOut: [], epochs: settings.epochs)
        self.trained[[]] = all
        for fold in folds { self.trained[fold] = try trained(leavingOut: fold, epochs: .fixed(epochs)).0 }
        evidence = evidence(all, epochs: epochs, parallelism)
    }

    /// Empty with a single shot.
    private var folds: [Set<Int>] {
        let count = min(samples.count, Self.mostFolds)
        guard count > 1 else { return [] }
        return (0..<count).map { fold in Set(samples.indices.filter { $0 % count == fold }) }
    }

    package func scorer(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        guard let evidence else { preconditionFailure("clip-fsac: asked before the fit is finished") }
        let found = found(leavingOut: left, epochs: evidence.epochs, parallelism)
        let known = shots.indices.filter { !left.contains($0) }
        return CLIPFSACScorer(
            head: found.head, scale: found.scale,
            relevance: PatchRelevance(known.map { shots[$0] }, anchors: anchors), evidence: evidence)
    }

    private func found(leavingOut left: Set<Int>, epochs: Int, _ parallelism: Parallelism) -> Trained {
        // A head that knows less will do, but the head of all shots is wanted as such.
        if let exact = trained[left] { return exact }
        if let fold = folds.first(where: left.isSubset(of:)), let more = trained[fold] { return more }
        do throws(FitError) {
            return try train(leavingOut: left, epochs: .fixed(epochs), parallelism) { _ in true }.0
        } catch {
            preconditionFailure("clip-fsac: not cancelled: \(error)")
        }
    }
}

// MARK: Training

extension CLIPFSACFit {
    /// - Parameters:
    ///   - isOn: told the share of the epochs that is done, before each; false cancels.
    /// - Returns: what was trained, and the epochs that it took.
    private func train(
        leavingOut left: Set<Int>, epochs: CLIPFSACSettings.Epochs, _ parallelism: Parallelism,
        _ isOn: (Double) -> Bool
    ) throws(FitError) -> (Trained, Int) {
        let known = samples.indices.filter { !left.contains($0) }.map { samples[$0] }
        var training = CLIPFSACTraining(known, anchors: anchors, settings, parallelism)
        var best: (loss: Float, head: CLIPFSACHead, epochs: Int)?
        for epoch in 0..<epochs.limit {
            guard isOn(Double(epoch) / Double(epochs.limit)) else { throw .cancelled }
            training.train(epoch: epoch)
            guard epochs == .auto || epoch == epochs.limit - 1 else { continue }
            let head = training.head
            let loss = epochs == .auto ? heldOutLoss(head, known, parallelism) : 0
            if best.map({ loss < $0.loss }) ?? true { best = (loss, head, epoch + 1) }
        }
        guard let best else { preconditionFailure("clip-fsac: no epochs") }
        let scale = CLIPFSACScale(
            normal: margins(best.head, known.flatMap(\.normal), parallelism),
            anomalous: margins(best.head, known.flatMap(\.heldOut), parallelism))
        return (Trained(head: best.head, scale: scale, untrained: training.untrained), best.epochs)
    }

    private func margins(_ head: CLIPFSACHead, _ embeddings: [[Float]], _ parallelism: Parallelism) -> [Float] {
        head.margins(of: Matrix(stacking: embeddings), parallelism)
    }

    /// The cross-entropy of eq. 12, of normal pictures and of anomalies that were kept out of training, each kind's mean.
    private func heldOutLoss(
        _ head: CLIPFSACHead, _ samples: [CLIPFSACSample], _ parallelism: Parallelism
    ) -> Float {
        let normal = margins(head, samples.flatMap { $0.variants.isEmpty ? $0.normal : $0.variants }, parallelism)
        let anomalous = margins(head, samples.flatMap(\.heldOut), parallelism).map { -$0 }
        return [normal, anomalous].reduce(0) { sum, margins in
            sum + margins.reduce(0) { $0 + softplus($1) } / Float(margins.count)
        }
    }
}

// MARK: Evidence

extension CLIPFSACFit {
    /// The mean over the folds, as margins of different heads are no scores of one kind.
    private func evidence(_ all: Trained, epochs: Int, _ parallelism: Parallelism) -> TrainingEvidence {
        let tests: [(trained: Trained, normal: [[Float]], anomalous: [[Float]])] =
            folds.isEmpty
            ? [(all, samples[0].variants, samples[0].heldOut)]
            : folds.compactMap { fold in
                trained[fold].map { trained in
                    let left = fold.sorted().map { samples[$0] }
                    return (trained, left.map { $0.normal[0] }, left.flatMap { $0.training + $0.heldOut })
                }
            }
        let judged = tests.filter { !$0.normal.isEmpty && !$0.anomalous.isEmpty }
        func mean(_ margins: (Trained, Matrix) -> [Float]) -> Double {
            let separations = judged.map { test in
                RankingMetrics(
                    normal: margins(test.trained, Matrix(stacking: test.normal)),
                    anomalous: margins(test.trained, Matrix(stacking: test.anomalous))
                ).auroc
            }
            return separations.isEmpty ? 0.5 : separations.reduce(0, +) / Double(separations.count)
        }
        return TrainingEvidence(
            untrained: mean { $0.untrained.margins(of: $1, parallelism) },
            trained: mean { $0.head.margins(of: $1, parallelism) },
            normalCount: judged.map(\.normal.count).reduce(0, +),
            anomalousCount: judged.map(\.anomalous.count).reduce(0, +), epochs: epochs)
    }
}
