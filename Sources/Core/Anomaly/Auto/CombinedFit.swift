internal import Glibc

/// The fit of `auto`: what it is told of the shots, and what it decides from it.
///
/// Nothing here has seen a defect. The shots say whether parts lie in any rotation (a turned copy of one is then much closer to
/// another than the shot as it is), and how unusual a good part is in each component.
struct CombinedFit: ScorerFit {
    private let settings: MethodSettings
    private let stages: [FeatureStage]
    private let shotCount: Int
    private var shots: [ShotFeatures] = []
    private var memories: [PatchMemoryFit] = []
    private var units: [Float] = []
    private var texture: TextureStatistics?
    private var choice: FitChoice?

    /// - Parameter stages: of layers that `settings` names.
    init(_ settings: MethodSettings, stages: [FeatureStage], shotCount: Int) {
        self.settings = settings
        self.stages = stages
        self.shotCount = shotCount
    }

    mutating func add(_ shot: ShotFeatures) { shots.append(shot) }

    mutating func finish(_ parallelism: Parallelism) {
        let rotation = rotation(parallelism)
        memories = stages.map { memory(of: $0, turned: rotation.copies > 1) }
        units = stages.indices.map { unit(of: $0, parallelism) }
        texture = calibratedTexture()
        let decided = FitChoice(
            rotation: rotation, components: zip(stages, units).map { .init(stage: $0, unit: $1, separation: nil) },
            comparesTexture: texture != nil, separation: nil, anomalies: 0)
        choice = decided
        choice = judged(decided, parallelism)
    }

    func scorer(leavingOut left: Set<Int>) -> any Scorer { combined { $0.memory(leavingOut: left) } }

    func pairScores(_ views: [ShotFeatures.View], _ parallelism: Parallelism) -> [[Float]]? {
        let everyone = Set(views.indices)
        return views.enumerated().map { shot, view in
            views.indices.map { other in
                guard shot != other else { return 0 }
                return combined(texture: nil) { $0.memory(leavingOut: everyone.subtracting([other])) }
                    .score(view.features, counting: view.mask, parallelism).imageScore
            }
        }
    }
}

// MARK: Parts of the scorer

extension CombinedFit {
    private func combined(_ scorer: (PatchMemoryFit) -> PatchMemory) -> CombinedScorer {
        combined(texture: texture, scorer)
    }

    private func combined(texture: TextureStatistics?, _ scorer: (PatchMemoryFit) -> PatchMemory) -> CombinedScorer {
        guard let choice else { preconditionFailure("auto: asked for a scorer before the fit was finished") }
        let components = stages.indices.map { index in
            CombinedScorer.Component(
                stage: stages[index], columns: columns(of: stages[index]), memory: scorer(memories[index]),
                unit: units[index])
        }
        return CombinedScorer(
            components: components, texture: texture, featureWidth: shots[0].own.features.rows.columns, choice: choice)
    }

    private func columns(of stage: FeatureStage) -> Range<Int> {
        let widths = shots[0].own.features.layerWidths
        guard let index = settings.layers.firstIndex(of: stage.layer) else {
            preconditionFailure("auto: no layer \(stage.layer) among \(settings.layers)")
        }
        let first = widths[..<index].reduce(0, +)
        return first..<first + widths[index]
    }

    private func view(_ view: ShotFeatures.View, in stage: FeatureStage) -> ShotFeatures.View {
        .init(
            features: view.features.columns(columns(of: stage), localAveraging: stage.localAveraging), mask: view.mask)
    }

    private func memory(of stage: FeatureStage, turned: Bool) -> PatchMemoryFit {
        var memory = PatchMemoryFit(settings, shotCount: shotCount)
        for shot in shots {
            memory.add(
                ShotFeatures(
                    own: view(shot.own, in: stage), turned: turned ? shot.turned.map { view($0, in: stage) } : []))
        }
        return memory
    }

    /// The image score of a good part that the component's memory has not seen: the geometric mean over the held-out shots, or
    /// over the variants of the only one.
    private func unit(of index: Int, _ parallelism: Parallelism) -> Float {
        exp(mean(heldOut(in: stages[index], memories[index], parallelism).map(LimitPrediction.logarithm)))
    }

    private func heldOut(in stage: FeatureStage, _ memory: PatchMemoryFit, _ parallelism: Parallelism) -> [Float] {
        heldOutViews.map { shot, view in
            let view = self.view(view, in: stage)
            return memory.memory(leavingOut: shot.map { [$0] } ?? [])
                .score(view.features, counting: view.mask, parallelism).imageScore
        }
    }

    /// Pictures of good parts, and the shot that must be forgotten to judge each.
    private var heldOutViews: [(shot: Int?, view: ShotFeatures.View)] {
        shotCount > 1 ? shots.enumerated().map { ($0, $1.own) } : shots[0].variants.map { (nil, $0) }
    }
}

private func mean(_ values: [Double]) -> Float { Float(values.reduce(0, +) / Double(values.count)) }

// MARK: Decisions

extension CombinedFit {
    /// From here on turned copies stay: less is what eight times as many patches bring to any product.
    private static let rotationThreshold = 0.35

    private func rotation(_ parallelism: Parallelism) -> FitChoice.Rotation {
        let copies = 1 + shots[0].turned.count
        guard shotCount > 1, copies > 1, let stage = stages.last else {
            return .init(copies: copies, gain: nil, threshold: Self.rotationThreshold)
        }
        func distance(turned: Bool) -> Float {
            mean(heldOut(in: stage, memory(of: stage, turned: turned), parallelism).map(LimitPrediction.logarithm))
        }
        let gain = Double(distance(turned: false) - distance(turned: true))
        return .init(copies: gain > Self.rotationThreshold ? copies : 1, gain: gain, threshold: Self.rotationThreshold)
    }

    private func calibratedTexture() -> TextureStatistics? {
        let columns = 0..<shots[0].own.features.rows.columns
        let all = TextureStatistics(shots: shots.map(\.own), columns: columns)
        let heldOut = heldOutViews.map { shot, view in
            let known = shots.indices.filter { $0 != shot }.map { shots[$0].own }
            return TextureStatistics(shots: known, columns: columns).distance(of: view.features, counting: view.mask)
        }
        return all.scaled(unit: exp(mean(heldOut.map(LimitPrediction.logarithm))), exponent: 1)
    }

    /// The choice, with what the synthetic anomalies say of it: each is judged without the shot that it was made from.
    private func judged(_ choice: FitChoice, _ parallelism: Parallelism) -> FitChoice {
        let anomalies = shots.enumerated().flatMap { shot, features in features.anomalies.map { (shot, $0) } }
        guard !anomalies.isEmpty else { return choice }
        let views = heldOutViews + anomalies.map { (shotCount > 1 ? $0 : nil, $1) }
        var together: [Float] = []
        var alone: [[Float]] = stages.map { _ in [] }
        for (shot, view) in views {
            let scorer = combined { $0.memory(leavingOut: shot.map { [$0] } ?? []) }
            together.append(scorer.score(view.features, counting: view.mask, parallelism).imageScore)
            for (index, component) in scorer.components.enumerated() {
                alone[index].append(
                    component.memory.score(component.view(of: view.features), counting: view.mask, parallelism)
                        .imageScore)
            }
        }
        func separation(_ scores: [Float]) -> Double? {
            RankingMetrics(
                normal: Array(scores.prefix(heldOutViews.count)),
                anomalous: Array(scores.dropFirst(heldOutViews.count))
            ).auroc
        }
        return FitChoice(
            rotation: choice.rotation,
            components: zip(choice.components, alone).map {
                .init(stage: $0.stage, unit: $0.unit, separation: separation($1))
            },
            comparesTexture: choice.comparesTexture, separation: separation(together), anomalies: anomalies.count)
    }
}
