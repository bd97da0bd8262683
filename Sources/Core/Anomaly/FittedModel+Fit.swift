extension FittedModel {
    /// Fits a model to normal shots, at the input size and with the layers that the settings ask for or the backbone has by
    /// default. Equal shots, settings and backbone give an equal model.
    ///
    /// A shot that comes twice counts once. Costs `rotations` forward passes a shot (and 7 variants with one shot); then what
    /// the method makes of the features.
    ///
    /// - Parameters:
    ///   - makesAnomalies: whether synthetic anomalies are made where they only say what to expect, and nothing is learnt from
    ///     them.
    ///   - memoryBytes: that the fit may take on top of what the process has. Less takes more time, and makes the same model.
    ///   - stopwatch: how to measure what a frame takes on the line, where the settings have a budget for it: then models made on
    ///     machines of other speed may differ. Nil keeps no budget.
    ///   - progress: called with the share that is done, after each forward pass.
    ///   - isCancelled: asked before each forward pass.
    /// - Throws: `noShots`, `badSettings`, `shotUnreadable`, `notFinite`, `deadFeatures` (of text), `cancelled`,
    ///   `tooManyShots`; with an area also `regionOutside`, `shotSizes`,
    ///   `nothingInspected`.
    package static func fit(
        shots: [Shot], extractors: ExtractorSource, settings: MethodSettings, makesAnomalies: Bool = true,
        memoryBytes: Int = .max, stopwatch: InspectionStopwatch? = nil, parallelism: Parallelism = .serial,
        progress: @escaping (Double) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
    ) throws(FitError) -> FittedModel {
        let stages = settings.stages(extractors.stages)
        var used = settings.withDefaults(
            inputSize: extractors.defaultInputSize, layers: extractors.defaultLayers, textLayers: extractors.textLayers)
        if used.method.needs.stages { used.layers = Set(stages.map(\.layer)).sorted() }
        let inputSize = used.inputSize ?? extractors.autoInputSize
        guard extractors.accepts(inputSize: inputSize) else {
            throw .badSettings("input size: expected one that \(extractors.name) takes, got \(inputSize)")
        }
        var model = try fit(
            shots: shots, extractor: extractors.extractor(inputSize: inputSize), settings: used, requested: settings,
            stages: stages, anchors: try anchors(of: used, extractors), makesAnomalies: makesAnomalies,
            memoryBytes: memoryBytes, stopwatch: stopwatch, parallelism: parallelism, progress: progress,
            isCancelled: isCancelled)
        let odd = Set(model.oddShots.map(\.sha256))
        model.scene = try SceneStatistics(
            of: shots.filter { !odd.contains($0.sha256) }, inputSize: model.pictureSide)
        return model
    }

    private static func anchors(
        of settings: MethodSettings, _ extractors: ExtractorSource
    ) throws(FitError) -> TextAnchors? {
        if let problem = settings.method.definition.problem(of: extractors.name, textLayers: extractors.textLayers) {
            throw .badSettings(problem)
        }
        guard let read = extractors.read, let wording = settings.wording else { return nil }
        let anchors: TextAnchors
        do {
            anchors = try read(wording)
        } catch {
            throw .text(error)
        }
        guard anchors.normal != anchors.abnormal else { throw .deadFeatures("the same of every sentence") }
        return anchors
    }

    /// As ``fit(shots:extractors:settings:parallelism:progress:isCancelled:)``, with an extractor that is there; its input
    /// size counts, and the settings must name layers.
    package static func fit(
        shots: [Shot], extractor: FeatureExtractor, settings: MethodSettings, requested: MethodSettings? = nil,
        stages: [FeatureStage] = [], anchors: TextAnchors? = nil, makesAnomalies: Bool = true,
        memoryBytes: Int = .max, stopwatch: InspectionStopwatch? = nil, parallelism: Parallelism = .serial,
        progress: @escaping (Double) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
    ) throws(FitError) -> FittedModel {
        if let problem = settings.problem(layerCount: extractor.layerCount) { throw .badSettings(problem) }
        guard !settings.layers.isEmpty else {
            throw .badSettings("layers: expected at least one of 1 to \(extractor.layerCount), got none")
        }
        var settings = settings
        settings.inputSize = extractor.identity.inputSize
        var seen: Set<String> = []
        let shots = shots.filter { seen.insert($0.sha256).inserted }
        let frame = try Self.frame(of: shots, settings.area)
        let choice = try ViewChoice(
            of: shots, frame: frame, extractor, settings, asked: requested?.layers ?? [], stopwatch: stopwatch)
        let fineViews = choice.views
        let stages = stages.isEmpty ? settings.stages([]) : stages
        func scorers(_ shotCount: Int) -> any ScorerFit {
            settings.method.fit(
                FitSetup(
                    shotCount: shotCount, layers: settings.layers, stages: stages, fineViews: fineViews,
                    anchors: anchors))
        }
        let ahead = scorers(shots.count)
        let embeddingShare = 1 - ahead.trainingShare
        var plan = settings.method.plan(shotCount: shots.count)
        // Texts are used or not by what the anomalies say of them.
        if !makesAnomalies, !plan.learnsFromAnomalies, anchors == nil { plan.anomalies = 0 }
        var embedding = ShotEmbedding(
            shots, extractor: extractor, settings: settings, plan: plan, fineViews: fineViews, frame: frame,
            parallelism: parallelism,
            progress: { progress($0 * embeddingShare) }, isCancelled: isCancelled)
        let first = try embedding.features(ofShot: 0, .everything)
        let memory = FitMemory(budget: memoryBytes, first, settings.method)
        try memory.check(shots.count)
        let room = memory.room(shots.count)
        embedding.expectAgain(memory.missing(shots.count), looks: ahead.looks)
        let features = ShotSource(count: shots.count, room: room, first: first, isCancelled: isCancelled) {
            shot, pieces throws(FitError) in try embedding.features(ofShot: shot, pieces)
        }
        func learn(_ features: ShotSource) throws(FitError) -> LearntShots {
            try LearntShots(
                features, scorers(features.count), parallelism,
                progress: { progress(1 - (1 - $0) * (1 - embeddingShare)) }, isCancelled: isCancelled)
        }
        var learnt = try learn(features)
        let odd = learnt.odd(doubted: Set(shots.indices.filter { shots[$0].isDoubted }))
        if !odd.isEmpty { learnt = try learn(features.only(shots.indices.filter { !odd.contains($0) })) }
        let calibration = learnt.calibration(settings.sensitivity)
        guard calibration.isFinite else { throw .notFinite("shots' scores and the limit that they give") }
        var model = FittedModel(
            backbone: extractor.identity, settings: settings, requested: requested, shots: shots.map(\.sha256),
            grid: first.own.features.grid, scorer: learnt.scorers.scorer(leavingOut: [], parallelism),
            calibration: calibration, fineViews: fineViews, frame: frame)
        for shot in odd.sorted() {
            let own = try features.own(of: shot)
            let score = model.score(own.features, parallelism: parallelism).imageScore
            model.oddShots.append(
                OddShot(
                    sha256: shots[shot].sha256, score: score, highestOther: calibration.evidence.scores.max() ?? 0,
                    isDoubted: shots[shot].isDoubted))
        }
        model.inspectionTime = try choice.time(of: model, shots[0], extractor, parallelism)
        return model
    }

    /// The size of the frames that the area refers to.
    private static func frame(of shots: [Shot], _ area: InspectionArea) throws(FitError) -> PixelSize {
        guard let frame = shots.first?.frame else { throw .noShots }
        guard area != .wholeFrame else { return frame }
        if let other = shots.first(where: { $0.frame != frame }) { throw .shotSizes(frame, other.frame) }
        if let roi = area.roi, !roi.lies(inHeight: frame.height, width: frame.width) {
            throw .regionOutside(roi, frame: frame)
        }
        return frame
    }
}

/// A method's fit, and what the shots say of one another by it.
private struct LearntShots {
    let scorers: any ScorerFit
    /// For each shot the number of its part.
    private let parts: [Int]
    private let pairScores: [[Float]]?
    private let heldOut: HeldOutScores

    init(
        _ shots: ShotSource, _ scorers: any ScorerFit, _ parallelism: Parallelism, progress: (Double) -> Void,
        isCancelled: () -> Bool
    ) throws(FitError) {
        var scorers = scorers
        for shot in 0..<shots.count { scorers.add(try shots.features(of: shot, .everything)) }
        try scorers.finish(shots, parallelism, progress: progress, isCancelled: isCancelled)
        pairScores = try scorers.pairScores(shots, parallelism)
        parts = pairScores.map(RepeatedParts.parts) ?? Array(0..<shots.count)
        heldOut = try HeldOutScores(shots, parts: parts, scorers, parallelism)
        self.scorers = scorers
    }

    /// The numbers of the shots that are unlike all others, or doubted by themselves; none where the method cannot compare shot with
    /// shot, or where they would be half of the shots or more.
    func odd(doubted: Set<Int>) -> Set<Int> {
        guard let pairScores, pairScores.count > 2 else { return [] }
        let scored = OddShots.odd(
            heldOut: heldOut.normal.map { LimitPrediction.logarithm(of: $0[0]) }, parts: parts, pairScores: pairScores,
            doubted: doubted)
        let odd = scored.union(scorers.oddShots)
        return 2 * odd.count < pairScores.count ? odd : []
    }

    func calibration(_ sensitivity: Sensitivity) -> Calibration {
        Calibration(
            LimitPrediction(scores: heldOut.normal, parts: parts, typical: scorers.typicalScore),
            sensitivity: sensitivity, anomalous: heldOut.anomalous)
    }
}
