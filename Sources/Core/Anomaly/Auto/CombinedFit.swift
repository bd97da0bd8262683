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
    /// Of each layer in the features.
    private var layerWidths: [Int] = []
    /// Turned copies of each shot.
    private var turnedCount = 0
    /// With a single one, itself.
    private var onlyShot: ShotFeatures?
    private var hasAnomalies = false
    // What is kept of each shot, for its features are not.
    private var cells: [CellMeans] = []
    private var textures: [TextureSample] = []
    private var compositions: [CompositionSample] = []
    private var odds: (normal: [Float], anomalous: [Float]) = ([], [])
    /// For each stage its memories, one or one a turn.
    private var memories: [[PatchMemoryFit]] = []
    private var fine: FineFit
    private var fusion: ViewFusion?
    private var texture: TextureStatistics?
    private var composition: Composition?
    /// Those whose texture is unlike that of all others.
    private(set) var oddShots: Set<Int> = []
    private var words: WordComparison?
    private var choice: FitChoice?

    init(_ method: AutoMethod, _ setup: FitSetup) {
        var memory = PatchMemorySettings()
        memory.coresetBudget = method.coresetBudget
        self.memory = memory
        fine = FineFit(setup.fineViews, coresetBudget: method.coresetBudget, shotCount: setup.shotCount)
        layers = setup.layers
        stages = setup.stages
        shotCount = setup.shotCount
        anchors = setup.anchors
    }

    /// Units, of fine views twice and once together, and pairs; turned copies and synthetic anomalies.
    var looks: (own: Int, copies: Int) { (fine.isEmpty ? 2 : 5, 2) }

    mutating func add(_ shot: ShotFeatures) {
        if cells.isEmpty {
            layerWidths = shot.own.features.layerWidths
            turnedCount = shot.turned.count
            memories = stages.map { _ in [PatchMemoryFit(memory, shotCount: shotCount)] }
        }
        if shotCount == 1 { onlyShot = shot }
        hasAnomalies = hasAnomalies || !shot.anomalies.isEmpty
        cells.append(CellMeans(shot.own.features, columns: textureColumns(1)))
        textures.append(TextureSample(shot.own, columns: textureColumns(0)))
        if shotCount >= Composition.fewestShots {
            compositions.append(CompositionSample(shot.own.features, shot.own.mask, columns: compositionColumns))
        }
        for stage in stages.indices { memories[stage][0].add(alone(shot.own, of: shot, in: stage)) }
        fine.add(shot)
        guard let anchors else { return }
        func odds(_ views: [ShotFeatures.View]) -> [Float] {
            views.map { WordComparison.odds(of: $0.features, anchors) }
        }
        self.odds.normal += odds([shot.own] + shot.variants)
        self.odds.anomalous += odds(shot.anomalies.map(\.view))
    }

    mutating func finish(
        _ shots: ShotSource, _ parallelism: Parallelism, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws(FitError) {
        var evidence = TextureEvidence(cells)
        let (rotation, units) = try decide(evidence, shots, parallelism)
        let components = zip(stages, units).map { FitChoice.Component(stage: $0, unit: $1) }
        if evidence.weight > 0 { texture = calibratedTexture(&evidence) }
        choice = FitChoice(rotation: rotation, texture: evidence, components: components)
        // A texture is the same everywhere: nothing in it has its place.
        if evidence.weight == 0, let found = Composition.fit(compositions, columns: compositionColumns) {
            choice?.composition = found.evidence
            composition = found.composition
        }
        compositions = []
        if !fine.isEmpty {
            try fine.decide(shots, only: onlyShot, parallelism)
            choice?.fine = fine.choices
            fusion = try viewFusion(shots, parallelism)
            if let own = onlyShot?.own {
                let scorer = combined(leavingOut: fine.leftOutOfOnlyShot, isFast: false)
                let score = scorer.score(own.features, counting: own.mask, parallelism).imageScore
                // Its mild copies are too near to it, its turned ones may be too far from it.
                typicalScore = max(score, 1).squareRoot()
            }
        }
        if let anchors {
            let evidence = WordEvidence(normal: odds.normal, anomalous: odds.anomalous)
            choice?.words = evidence
            if evidence.isUsed { words = WordComparison(anchors, normal: odds.normal) }
        }
        choice = try judged(shots, parallelism)
    }

    func scorer(leavingOut left: Set<Int>, _ parallelism: Parallelism) -> any Scorer {
        combined(leavingOut: left, isFast: left.isEmpty)
    }

    /// Each component's unit is that of a good part. An only shot that is seen closely has its score by all its copies for it.
    private(set) var typicalScore: Float? = 1

    func pairScores(_ shots: ShotSource, _ parallelism: Parallelism) throws(FitError) -> [[Float]]? {
        let everyone = Set(0..<shots.count)
        let alone = everyone.sorted().map { combined(leavingOut: everyone.subtracting([$0]), isFast: false) }
        return try shots.map { shot, own throws(FitError) in
            // The coarse view tells well enough which shots are alike. The same for all of them:
            let views = alone[shot].views(of: own.features)
            let whole = alone[shot].evidence(of: own.features, counting: own.mask)
            return alone.enumerated().map { other, scorer in
                shot == other ? 0 : scorer.score(views, counting: own.mask, whole, parallelism).imageScore
            }
        }
    }

    private func combined(
        leavingOut left: Set<Int>, isFast: Bool, _ fusion: ViewFusion? = nil
    ) -> CombinedScorer {
        guard let choice else { preconditionFailure("auto: asked for a scorer before the fit was finished") }
        let isOnly = shotCount == 1 && !left.isEmpty
        let components = zip(choice.components, memories).map { component, memories in
            // What is left without an only shot is its turned copies.
            let turns = isOnly && memories.count > 1 ? Array(memories.dropFirst()) : memories
            return CombinedScorer.Component(
                stage: component.stage, columns: columns(of: component.stage.layer),
                memories: turns.map { $0.memory(leavingOut: isOnly ? [] : left, isFast: isFast) }, unit: component.unit)
        }
        return CombinedScorer(
            components: components, exponent: .second, fine: fine.components(leavingOut: left),
            fusion: fusion ?? self.fusion,
            texture: texture, composition: composition?.leavingOut(left), words: words,
            featureWidth: layerWidths.reduce(0, +), choice: choice)
    }
}

// MARK: Components

extension CombinedFit {
    private func columns(of layer: Int) -> Range<Int> {
        guard let index = layers.firstIndex(of: layer) else {
            preconditionFailure("auto: no layer \(layer) among \(layers)")
        }
        let first = layerWidths[..<index].reduce(0, +)
        return first..<first + layerWidths[index]
    }

    /// The columns of one of the last layers, 0 being the very last.
    private func textureColumns(_ fromLast: Int) -> Range<Int> {
        columns(of: layers[max(layers.count - 1 - fromLast, 0)])
    }

    /// The widest layer, the last of those: the one that tells the kinds of patches best.
    private var compositionColumns: Range<Int> {
        let widest = layerWidths.indices.max { (layerWidths[$0], $0) < (layerWidths[$1], $1) }
        return columns(of: layers[widest ?? layers.count - 1])
    }

    private func view(_ view: ShotFeatures.View, in stage: Int) -> ShotFeatures.View {
        .init(
            features: view.features.columns(
                columns(of: stages[stage].layer), localAveraging: stages[stage].localAveraging),
            mask: view.mask, placement: view.placement)
    }

    /// One view of a shot as a memory is given it.
    private func alone(_ view: ShotFeatures.View, of shot: ShotFeatures, in stage: Int) -> ShotFeatures {
        var alone = ShotFeatures(own: self.view(view, in: stage), turned: [])
        alone.number = shot.number
        return alone
    }

    /// Of the only shot one memory for each turn; eight of them share the patches that may be kept.
    private func memoriesByTurn(_ shot: ShotFeatures, in stage: Int) -> [PatchMemoryFit] {
        let turns = [shot.own] + shot.turned
        var share = memory
        if share.coresetBudget > 0 { share.coresetBudget = max(share.coresetBudget / min(turns.count, 8), 1) }
        return turns.map { turn in
            var memory = PatchMemoryFit(share, shotCount: 1)
            memory.add(alone(turn, of: shot, in: stage))
            return memory
        }
    }

    /// For each stage a memory of all shots and their turned copies.
    private func turnedMemories(_ shots: ShotSource) throws(FitError) -> [PatchMemoryFit] {
        var memories = stages.map { _ in PatchMemoryFit(memory, shotCount: shotCount) }
        for number in 0..<shots.count {
            let shot = try shots.features(of: number, .turned)
            for stage in stages.indices {
                var seen = ShotFeatures(own: view(shot.own, in: stage), turned: shot.turned.map { view($0, in: stage) })
                seen.number = shot.number
                memories[stage].add(seen)
            }
        }
        return memories
    }

    /// The image score of a good part that the component's memory has not seen, where there is one shot: it has variants, which
    /// are too close to it, and itself without what is near, which may be too far from it; the geometric mean of both came
    /// closest for the products that were looked at (docs/accuracy.md).
    private func unit(_ shot: ShotFeatures, in stage: Int, _ parallelism: Parallelism) -> Float {
        let memory = memories[stage][0].memory(leavingOut: [], isFast: false)
        let own = view(shot.own, in: stage)
        let variants = shot.variants.map { variant in
            let variant = view(variant, in: stage)
            return memory.score(variant.features, counting: variant.mask, parallelism).imageScore
        }
        let toItself = Aggregation.topPercent.score(
            of: own.features.distancesToItself(beyond: 2, counting: own.mask, parallelism))
        return geometricMean([geometricMean(variants), toItself])
    }

    /// For each set of memories and each stage, how far a good part is that is not remembered: the mean image score of the
    /// shots, each by a memory of the others.
    private func heldOut(
        _ sets: [[PatchMemoryFit]], _ shots: ShotSource, _ parallelism: Parallelism
    ) throws(FitError) -> [[Float]] {
        let scores = try shots.map { shot, own throws(FitError) in
            let views = stages.indices.map { view(own, in: $0) }
            return sets.map { memories in
                zip(memories, views).map { memory, view in
                    memory.memory(leavingOut: [shot], isFast: false)
                        .score(view.features, counting: view.mask, parallelism).imageScore
                }
            }
        }
        return sets.indices.map { set in
            stages.indices.map { stage in geometricMean(scores.map { $0[set][stage] }) }
        }
    }
}

// MARK: Decisions

extension CombinedFit {
    /// What a typical good part scores by each view alone: the mean of the shots, each by memories of the others; of an only shot, by
    /// its copies.
    private func viewFusion(_ shots: ShotSource, _ parallelism: Parallelism) throws(FitError) -> ViewFusion {
        let choices = fine.choices
        let even = ViewFusion(units: (coarse: 1, fine: choices.map { _ in 1 }), choices)
        var coarse: [Float] = []
        var looks = [[Float]](repeating: [], count: choices.count)
        var outside: [Float] = []
        for number in 0..<shots.count {
            let own = try shots.own(of: number)
            guard let placement = own.features.fine.first?.placement else { continue }
            let scorer = combined(leavingOut: [number], isFast: false, even)
            let squares = scorer.coarseSquares(scorer.views(of: own.features), counting: own.mask, parallelism)
            coarse.append(squares.score(of: own.mask))
            if fine.showsPartOnly {
                let rest = ViewFusion.patches(outside: placement, of: own.mask)
                if !rest.isEmpty { outside.append(squares.score(of: PatchMask(rest, of: own.mask.grid))) }
            }
            for (look, squares) in scorer.fineSquares(own.features, parallelism).enumerated() {
                looks[look].append(squares.score(of: own.features.fine[choices[look].view].mask))
            }
        }
        // Around a part there is often hardly anything: in a unit of its own alone its noise would drown the part's defects.
        // An only shot without turned copies is in its coarse memory; its units are all that is known then.
        let isKnown = shotCount > 1 || memories[0].count > 1
        return ViewFusion(
            units: (coarse: isKnown ? geometricMean(coarse) : 1, fine: looks.map { geometricMean($0) }), choices,
            outside: fine.showsPartOnly ? max(outside.isEmpty ? 0 : geometricMean(outside), geometricMean(coarse)) : nil
        )
    }

    /// From this gain on turned copies are remembered. Chosen here: eight times as many patches bring other products nearer, too,
    /// where they do no harm (docs/accuracy.md).
    private static let rotationGain = 0.13

    /// Whether turned copies are remembered, and each component's unit: the image score of a good part that its memory has not
    /// seen. Leaves the memories that go with it.
    private mutating func decide(
        _ texture: TextureEvidence, _ shots: ShotSource, _ parallelism: Parallelism
    ) throws(FitError) -> (FitChoice.Rotation, units: [Float]) {
        let copies = 1 + turnedCount
        let mayTurn = copies > 1 && texture.weight == 0
        if let onlyShot {
            if mayTurn { memories = stages.indices.map { memoriesByTurn(onlyShot, in: $0) } }
            let units = stages.indices.map { unit(onlyShot, in: $0, parallelism) }
            return (.init(copies: mayTurn ? copies : 1, gain: nil), units)
        }
        let upright = memories.map { $0[0] }
        guard mayTurn else {
            return (.init(copies: 1, gain: nil), try heldOut([upright], shots, parallelism)[0])
        }
        let turned = try turnedMemories(shots)
        let units = try heldOut([upright, turned], shots, parallelism)
        let gains = zip(units[0], units[1]).map { Double(logf($0 / $1)) }
        let gain = gains.reduce(0, +) / Double(gains.count)
        guard gain > Self.rotationGain else { return (.init(copies: 1, gain: gain), units[0]) }
        memories = turned.map { [$0] }
        return (.init(copies: copies, gain: gain), units[1])
    }

    /// What the texture of a good part may differ by is told by the held-out shots, but for odd ones; one shot is believed as far
    /// as its quarters.
    private mutating func calibratedTexture(_ evidence: inout TextureEvidence) -> TextureStatistics? {
        let columns = textureColumns(0)
        func statistics(_ shots: [Int]) -> TextureStatistics {
            TextureStatistics(shots.map { textures[$0] }, columns: columns)
        }
        let everyone = Array(textures.indices)
        guard shotCount > 1 else {
            return statistics(everyone).with(
                tolerance: exp(0.2), weight: Float(evidence.wholeWeight), rule: .cautious)
        }
        func distances(_ shots: [Int]) -> [Float] {
            shots.map { shot in
                let others = statistics(shots.filter { $0 != shot })
                return logf(others.distance(of: textures[shot].whole))
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
        // Of a distance to a mean of the others, which is itself uncertain.
        evidence.wholesDiffer = Double(exp(mean) / (1 + 1 / (count - 1)).squareRoot())
        guard evidence.wholeWeight > 0 else { return nil }
        let squares = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        // Prior knowledge, worth four shots, of how much good textures' distances differ.
        let spread = Float(Self.textureSpread)
        let deviation = ((4 * spread * spread + squares) / (3 + count)).squareRoot()
        // The mean of all shots is known better than that of all but one.
        let known = ((1 + 1 / (count - 1)) / (1 + 1 / count)).squareRoot()
        return statistics(kept).with(
            tolerance: exp(mean + Self.textureDeviations * deviation) / known, weight: Float(evidence.wholeWeight),
            rule: .steep)
    }

    /// Of the logarithms of good textures' distances.
    private static let textureSpread = 0.08
    /// From the mean of those logarithms to what a good texture stays below.
    private static let textureDeviations: Float = 3

    /// The choice, with what the synthetic anomalies say of it: each is judged without the shot that it was made from.
    private func judged(_ shots: ShotSource, _ parallelism: Parallelism) throws(FitError) -> FitChoice? {
        guard var choice, hasAnomalies else { return choice }
        var normal: [[Float]] = []
        var anomalous: [[Float]] = []
        for index in 0..<shots.count {
            let shot = try shots.features(of: index, .made)
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

/// Of scores.
func geometricMean(_ values: [Float]) -> Float {
    expf(values.reduce(0) { $0 + Float(LimitPrediction.logarithm(of: $1)) } / Float(values.count))
}
