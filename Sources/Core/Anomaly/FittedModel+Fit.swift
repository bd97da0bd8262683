extension FittedModel {
    /// Fits a model to normal shots, at the input size and with the layers that the settings ask for or the backbone has by
    /// default. Equal shots, settings and backbone give an equal model.
    ///
    /// A shot that comes twice counts once. Costs `rotations` forward passes a shot (and 7 variants with one shot); then what
    /// the method makes of the features.
    ///
    /// - Parameters:
    ///   - progress: called with the share that is done, after each forward pass.
    ///   - isCancelled: asked before each forward pass.
    /// - Throws: `noShots`, `badSettings`, `shotUnreadable`, `notFinite`, `cancelled`; with an area also `regionOutside`, `shotSizes`,
    ///   `nothingInspected`.
    package static func fit(
        shots: [Shot], extractors: ExtractorSource, settings: MethodSettings, parallelism: Parallelism = .serial,
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
            stages: stages, anchors: try anchors(of: used, extractors), parallelism: parallelism, progress: progress,
            isCancelled: isCancelled)
        model.scene = try SceneStatistics(of: shots, inputSize: inputSize)
        return model
    }

    private static func anchors(
        of settings: MethodSettings, _ extractors: ExtractorSource
    ) throws(FitError) -> TextAnchors? {
        if let problem = settings.method.definition.problem(of: extractors.name, textLayers: extractors.textLayers) {
            throw .badSettings(problem)
        }
        guard let read = extractors.read, let wording = settings.wording else { return nil }
        do {
            return try read(wording)
        } catch {
            throw .text(error)
        }
    }

    /// As ``fit(shots:extractors:settings:parallelism:progress:isCancelled:)``, with an extractor that is there; its input
    /// size counts, and the settings must name layers.
    package static func fit(
        shots: [Shot], extractor: FeatureExtractor, settings: MethodSettings, requested: MethodSettings? = nil,
        stages: [FeatureStage] = [], anchors: TextAnchors? = nil, parallelism: Parallelism = .serial,
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
        let plan = settings.method.plan(shotCount: shots.count)
        let stages = stages.isEmpty ? settings.stages([]) : stages
        var scorers = settings.method.fit(
            FitSetup(shotCount: shots.count, layers: settings.layers, stages: stages, anchors: anchors))
        let embeddingShare = 1 - scorers.trainingShare
        var embedding = ShotEmbedding(
            extractor: extractor, settings: settings, plan: plan, frame: frame, parallelism: parallelism,
            shotCount: shots.count, progress: { progress($0 * embeddingShare) }, isCancelled: isCancelled)
        let features = try embedding.features(of: shots)
        for shot in features { scorers.add(shot) }
        try scorers.finish(
            parallelism, progress: { progress(1 - (1 - $0) * (1 - embeddingShare)) }, isCancelled: isCancelled)
        let own = features.map(\.own)
        let parts = scorers.pairScores(own, parallelism).map(RepeatedParts.parts) ?? Array(shots.indices)
        let heldOut = HeldOutScores(features, parts: parts, scorers, parallelism)
        let prediction = LimitPrediction(
            scores: heldOut.normal, parts: parts, typical: scorers.typicalScore)
        let calibration = Calibration(
            prediction, sensitivity: settings.sensitivity, anomalous: heldOut.anomalous)
        guard calibration.isFinite else { throw .notFinite("shots' scores and the limit that they give") }
        return FittedModel(
            backbone: extractor.identity, settings: settings, requested: requested, shots: shots.map(\.sha256),
            grid: own[0].features.grid, scorer: scorers.scorer(leavingOut: [], parallelism),
            calibration: calibration, frame: frame)
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
