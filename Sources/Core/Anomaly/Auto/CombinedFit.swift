internal import Glibc

/// The fit of `auto`: what it is told of the shots, and what it decides from it.
///
/// Nothing here has seen a defect. The shots say whether the product is a texture, whether parts lie in any rotation (a turned
/// copy of one is then much closer to another than the shot as it is), and how unusual a good part is in each component.
struct CombinedFit: ScorerFit {
    private let memory: PatchMemorySettings
    private let layers: [Int]
    private let stages: [FeatureStage]
    private let shotCount: Int
    private let anchors: TextAnchors?
    private var shots: [ShotFeatures] = []
    /// For each stage its memories, one or one a turn.
    private var memories: [[PatchMemoryFit]] = []
    private var texture: TextureStatistics?
    /// Those whose texture is unlike that of all others.
    private(set) var oddShots: Set<Int> = []
    private var words: WordComparison?
    private var choice: FitChoice?

    init(_ method: AutoMethod, _ setup: FitSetup) {
        var memory = PatchMemorySettings()
        memory.coresetBudget = method.coresetBudget
        self.memory = memory
        layers = setup.layers
        stages = setup.stages
        shotCount = setup.shotCount
        anchors = setup.anchors
    }

    mutating func add(_ shot: ShotFeatures) { shots.append(shot) }

    mutating func finish(
        _ parallelism: Parallelism, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws(FitError) {
        let evidence = TextureEvidence(shots: shots.map(\.own.features), columns: textureColumns(1))
        let rotation = rotation(evidence, parallelism)
        memories = stages.map { memories(of: $0, rotation) }
        let components = stages.indices.map { stage in
            FitChoice.Component(stage: stages[stage], unit: unit(of: stage, parallelism))
        }
        if evidence.weight > 0 { texture = calibratedTexture(weight: Float(evidence.weight)) }
        choice = FitChoice(rotation: rotation, texture: evidence, components: components)
        if let anchors { compareWithWords(anchors) }
        choice = judged(parallelism)
    }

    func scorer(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        combined(leavingOut: left, isFast: left.isEmpty)
    }

    /// Each component's unit is that of a good part.
    var typicalScore: Float? { 1 }

    func pairScores(_ views: [ShotFeatures.View], _ parallelism: Parallelism) -> [[Float]]? {
        let everyone = Set(views.indices)
        let alone = views.indices.map { combined(leavingOut: everyone.subtracting([$0]), isFast: false) }
        return views.enumerated().map { shot, view in
            alone.enumerated().map { other, scorer in
                shot == other ? 0 : scorer.score(view.features, counting: view.mask, parallelism).imageScore
            }
        }
    }

    private func combined(leavingOut left: Set<Int>, isFast: Bool) -> CombinedScorer {
        guard let choice else { preconditionFailure("auto: asked for a scorer before the fit was finished") }
        let components = zip(choice.components, memories).map { component, memories in
            CombinedScorer.Component(
                stage: component.stage, columns: columns(of: component.stage.layer),
                memories: memories.map { $0.memory(leavingOut: left, isFast: isFast) }, unit: component.unit)
        }
        return CombinedScorer(
            components: components, texture: texture, words: words, featureWidth: shots[0].own.features.rows.columns,
            choice: choice)
    }
}

// MARK: Components

extension CombinedFit {
    private func columns(of layer: Int) -> Range<Int> {
        let widths = shots[0].own.features.layerWidths
        guard let index = layers.firstIndex(of: layer) else {
            preconditionFailure("auto: no layer \(layer) among \(layers)")
        }
        let first = widths[..<index].reduce(0, +)
        return first..<first + widths[index]
    }

    /// The columns of one of the last layers, 0 being the very last.
    private func textureColumns(_ fromLast: Int) -> Range<Int> {
        columns(of: layers[max(layers.count - 1 - fromLast, 0)])
    }

    private func view(_ view: ShotFeatures.View, in stage: FeatureStage) -> ShotFeatures.View {
        .init(
            features: view.features.columns(columns(of: stage.layer), localAveraging: stage.localAveraging),
            mask: view.mask)
    }

    /// One memory of everything; or of the only shot one for each turn, which shares the patches that may be kept.
    private func memories(of stage: FeatureStage, _ rotation: FitChoice.Rotation) -> [PatchMemoryFit] {
        guard shotCount == 1, rotation.copies > 1 else { return [memory(of: stage, turned: rotation.copies > 1)] }
        var share = memory
        if share.coresetBudget > 0 { share.coresetBudget = max(share.coresetBudget / rotation.copies, 1) }
        return ([shots[0].own] + shots[0].turned).map { turn in
            var memory = PatchMemoryFit(share, shotCount: 1)
            memory.add(ShotFeatures(own: view(turn, in: stage), turned: []))
            return memory
        }
    }

    private func memory(of stage: FeatureStage, turned: Bool) -> PatchMemoryFit {
        var memory = PatchMemoryFit(memory, shotCount: shotCount)
        for shot in shots {
            let copies = turned ? shot.turned.map { view($0, in: stage) } : []
            memory.add(ShotFeatures(own: view(shot.own, in: stage), turned: copies))
        }
        return memory
    }

    /// The image score of a good part that the component's memory has not seen.
    ///
    /// The held-out shots show it. The only shot has variants, which are too close to it, and itself without what is near, which
    /// may be too far from it; the geometric mean of both came closest for the products that were looked at
    /// (docs/accuracy.md).
    private func unit(of stage: Int, _ parallelism: Parallelism) -> Float {
        let memory = memories[stage][0]
        guard shotCount == 1 else { return geometricMean(heldOut(in: stages[stage], memory, parallelism)) }
        let own = view(shots[0].own, in: stages[stage])
        let variants = shots[0].variants.map { variant in
            let variant = view(variant, in: stages[stage])
            return memory.memory(leavingOut: [], isFast: false)
                .score(variant.features, counting: variant.mask, parallelism).imageScore
        }
        let toItself = Aggregation.topPercent.score(
            of: own.features.distancesToItself(beyond: 2, counting: own.mask, parallelism))
        return geometricMean([geometricMean(variants), toItself])
    }

    /// The image score of each shot by a memory of the others.
    private func heldOut(in stage: FeatureStage, _ memory: PatchMemoryFit, _ parallelism: Parallelism) -> [Float] {
        shots.enumerated().map { shot, features in
            let view = view(features.own, in: stage)
            return memory.memory(leavingOut: [shot], isFast: false)
                .score(view.features, counting: view.mask, parallelism).imageScore
        }
    }
}

// MARK: Decisions

extension CombinedFit {
    /// From this gain on turned copies are remembered. Chosen here: eight times as many patches bring other products nearer, too,
    /// where they do no harm (docs/accuracy.md).
    private static let rotationGain = 0.13

    private func rotation(_ texture: TextureEvidence, _ parallelism: Parallelism) -> FitChoice.Rotation {
        let copies = 1 + shots[0].turned.count
        guard copies > 1, texture.weight == 0 else { return .init(copies: 1, gain: nil) }
        guard shotCount > 1 else { return .init(copies: copies, gain: nil) }
        let gains = stages.map { stage in
            let upright = geometricMean(heldOut(in: stage, memory(of: stage, turned: false), parallelism))
            let turned = geometricMean(heldOut(in: stage, memory(of: stage, turned: true), parallelism))
            return Double(logf(upright / turned))
        }
        let gain = gains.reduce(0, +) / Double(gains.count)
        return .init(copies: gain > Self.rotationGain ? copies : 1, gain: gain)
    }

    /// What the texture of a good part may differ by is told by the held-out shots, but for odd ones; one shot is believed as far
    /// as its quarters.
    private mutating func calibratedTexture(weight: Float) -> TextureStatistics {
        let columns = textureColumns(0)
        let views = shots.map(\.own)
        func statistics(_ shots: [Int]) -> TextureStatistics {
            TextureStatistics(shots: shots.map { views[$0] }, columns: columns)
        }
        let everyone = Array(shots.indices)
        guard shotCount > 1 else { return statistics(everyone).with(tolerance: exp(0.2), weight: weight) }
        func distances(_ shots: [Int]) -> [Float] {
            shots.map { shot in
                let others = statistics(shots.filter { $0 != shot })
                return logf(others.distance(of: views[shot].features, counting: views[shot].mask))
            }
        }
        var kept = everyone
        var logs = distances(kept)
        // Odd textures go one by one: each moves the mean that the others are compared with.
        while let farthest = logs.indices.max(by: { logs[$0] < logs[$1] }),
            2 * (kept.count - 1) > shotCount
        {
            var others = kept
            others.remove(at: farthest)
            let othersLogs = distances(others)
            guard OddShots.isOdd(Double(logs[farthest]), among: othersLogs.map(Double.init), spread: Self.textureSpread)
            else { break }
            oddShots.insert(kept[farthest])
            (kept, logs) = (others, othersLogs)
        }
        let count = Float(kept.count)
        let mean = logs.reduce(0, +) / count
        let squares = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        // Prior knowledge, worth four shots, of how much good textures' distances differ.
        let spread = Float(Self.textureSpread)
        let deviation = ((4 * spread * spread + squares) / (3 + count)).squareRoot()
        // The mean of all shots is known better than that of all but one.
        let known = ((1 + 1 / (count - 1)) / (1 + 1 / count)).squareRoot()
        return statistics(kept).with(tolerance: exp(mean + 2 * deviation) / known, weight: weight)
    }

    /// Of the logarithms of good textures' distances.
    private static let textureSpread = 0.08

    private mutating func compareWithWords(_ anchors: TextAnchors) {
        let normal = shots.flatMap { [$0.own] + $0.variants }.map(\.features)
        let evidence = WordEvidence(
            anchors, normal: normal, anomalous: shots.flatMap { $0.anomalies.map(\.view.features) })
        choice?.words = evidence
        if evidence.isUsed { words = WordComparison(anchors, normal: normal) }
    }

    /// The choice, with what the synthetic anomalies say of it: each is judged without the shot that it was made from.
    private func judged(_ parallelism: Parallelism) -> FitChoice? {
        guard var choice, shots.contains(where: { !$0.anomalies.isEmpty }) else { return choice }
        var normal: [[Float]] = []
        var anomalous: [[Float]] = []
        for (index, shot) in shots.enumerated() {
            let scorer = combined(leavingOut: shotCount > 1 ? [index] : [], isFast: shotCount == 1)
            func scores(_ view: ShotFeatures.View) -> [Float] {
                let alone = scorer.components.map { component in
                    component.memories[0].score(component.view(of: view.features), counting: view.mask, parallelism)
                        .imageScore
                }
                return alone + [scorer.score(view.features, counting: view.mask, parallelism).imageScore]
            }
            normal += (shotCount > 1 ? [shot.own] : shot.variants).map(scores)
            anomalous += shot.anomalies.map { scores($0.view) }
        }
        let separations = (0...stages.count).map { column in
            RankingMetrics(normal: normal.map { $0[column] }, anomalous: anomalous.map { $0[column] }).auroc
        }
        for stage in stages.indices { choice.components[stage].separation = separations[stage] }
        choice.separation = separations[stages.count]
        choice.anomalies = anomalous.count
        return choice
    }
}

private func geometricMean(_ values: [Float]) -> Float {
    expf(values.reduce(0) { $0 + Float(LimitPrediction.logarithm(of: $1)) } / Float(values.count))
}

extension PatchFeatures {
    /// For each patch that counts, the distance to the most similar one of the same picture that is farther away than `beyond`
    /// patches down or across.
    fileprivate func distancesToItself(
        beyond: Int, counting mask: PatchMask, _ parallelism: Parallelism
    ) -> [Float] {
        let products = rows.multiplied(byTransposed: rows, parallelism: parallelism)
        let patches = mask.patches
        return patches.map { patch in
            var best: Float = -1
            for other in patches {
                let down = abs(patch / grid.columns - other / grid.columns)
                let across = abs(patch % grid.columns - other % grid.columns)
                if max(down, across) > beyond { best = max(best, products[patch, other]) }
            }
            return min(max(1 - best, 0), 2)
        }
    }
}
