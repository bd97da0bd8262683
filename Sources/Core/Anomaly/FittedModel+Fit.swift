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
    /// - Throws: `noShots`, `badSettings`, `shotUnreadable`, `cancelled`; with an area also `regionOutside`, `shotSizes`,
    ///   `nothingInspected`.
    public static func fit(
        shots: [Shot], extractors: ExtractorSource, settings: MethodSettings, parallelism: Parallelism = .serial,
        progress: @escaping (Double) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
    ) throws(FitError) -> FittedModel {
        let used = settings.withDefaults(inputSize: extractors.defaultInputSize, layers: extractors.defaultLayers)
        let inputSize = used.inputSize ?? extractors.defaultInputSize
        guard extractors.accepts(inputSize: inputSize) else {
            throw .badSettings("input size: expected one that \(extractors.name) takes, got \(inputSize)")
        }
        var model = try fit(
            shots: shots, extractor: extractors.extractor(inputSize: inputSize), settings: used,
            parallelism: parallelism, progress: progress, isCancelled: isCancelled)
        model.scene = try SceneStatistics(of: shots, inputSize: inputSize)
        return model
    }

    /// As ``fit(shots:extractors:settings:parallelism:progress:isCancelled:)``, with an extractor that is there; its input
    /// size counts, and the settings must name layers.
    package static func fit(
        shots: [Shot], extractor: FeatureExtractor, settings: MethodSettings, parallelism: Parallelism = .serial,
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
        var fit = ModelFit(
            extractor: extractor, settings: settings, frame: frame, parallelism: parallelism, shotCount: shots.count,
            progress: progress, isCancelled: isCancelled)
        var own: [ShotFeatures.View] = []
        var scorers = settings.makeFit(shotCount: shots.count)
        for shot in shots {
            let features = try fit.features(of: shot)
            own.append(features.own)
            scorers.add(features)
        }
        let parts = scorers.pairScores(own, parallelism).map(RepeatedParts.parts) ?? Array(shots.indices)
        let prediction = LimitPrediction(scores: try fit.heldOutScores(shots, parts, own, scorers), parts: parts)
        return FittedModel(
            backbone: extractor.identity, settings: settings, shots: shots.map(\.sha256), grid: own[0].features.grid,
            scorer: scorers.scorer(leavingOut: []),
            calibration: Calibration(prediction, sensitivity: settings.sensitivity), frame: frame)
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

/// The forward passes of a fit, and how many of them are done.
private struct ModelFit {
    let extractor: FeatureExtractor
    let settings: MethodSettings
    let frame: PixelSize
    let parallelism: Parallelism
    let shotCount: Int
    let progress: (Double) -> Void
    let isCancelled: () -> Bool
    private var passes = 0

    init(
        extractor: FeatureExtractor, settings: MethodSettings, frame: PixelSize, parallelism: Parallelism,
        shotCount: Int, progress: @escaping (Double) -> Void, isCancelled: @escaping () -> Bool
    ) {
        self.extractor = extractor
        self.settings = settings
        self.frame = frame
        self.parallelism = parallelism
        self.shotCount = shotCount
        self.progress = progress
        self.isCancelled = isCancelled
    }

    private var inputSize: Int { extractor.identity.inputSize }
    private var variants: [ShotVariant] { ShotVariant.chosen(shotCount: shotCount) }

    mutating func features(of shot: Shot) throws(FitError) -> ShotFeatures {
        let image = try image(of: shot)
        let own = try features(of: image)
        let mask = PatchMask(settings.area, frame: frame, grid: own.grid)
        guard !mask.isEmpty else { throw .nothingInspected(patches: own.grid.count) }
        let reduced = image.reducedForVariants(inputSize: inputSize)
        var turned: [ShotFeatures.View] = []
        for step in 1..<max(settings.rotations, 1) {
            let copy = RotatedCopy(of: reduced, degrees: Double(step) * 360 / Double(settings.rotations))
            let features = try features(of: copy.image)
            let patches = copy.patchesInside(features.grid, isInspected)
            turned.append(.init(features: features, mask: PatchMask(patches, of: features.grid)))
        }
        return ShotFeatures(own: .init(features: own, mask: mask), turned: turned)
    }

    /// Whether a place counts that is given by its shares of the region's width and height.
    private func isInspected(_ across: Double, _ down: Double) -> Bool {
        let roi = settings.area.rectangle(in: frame)
        return settings.area.ignore.isEmpty
            || !settings.area.ignores(
                x: Double(roi.x) + across * Double(roi.width), y: Double(roi.y) + down * Double(roi.height))
    }

    /// For each shot, its score by a scorer that has not seen the part. One shot leaves no others: then its variants are
    /// scored, by a scorer of that shot.
    mutating func heldOutScores(
        _ shots: [Shot], _ parts: [Int], _ own: [ShotFeatures.View], _ scorers: any ScorerFit
    ) throws(FitError) -> [[Float]] {
        var scores: [[Float]] = []
        for (index, shot) in shots.enumerated() {
            let samePart = parts.indices.filter { parts[$0] == parts[index] }
            let scorer = scorers.scorer(leavingOut: shotCount > 1 ? Set(samePart) : [])
            let view = own[index]
            var ofShot =
                shotCount > 1 ? [scorer.score(view.features, counting: view.mask, parallelism).imageScore] : []
            if !variants.isEmpty {
                let mask = view.mask.narrowed(to: ShotVariant.interior(of: view.features.grid))
                let reduced = try image(of: shot).reducedForVariants(inputSize: inputSize)
                for variant in variants {
                    let features = try features(of: variant.applied(to: reduced))
                    ofShot.append(scorer.score(features, counting: mask, parallelism).imageScore)
                }
            }
            scores.append(ofShot)
        }
        return scores
    }

    private func image(of shot: Shot) throws(FitError) -> Image {
        do {
            return try shot.image(inputSize: inputSize)
        } catch {
            throw .shotUnreadable(sha256: shot.sha256, error)
        }
    }

    private mutating func features(of image: Image) throws(FitError) -> PatchFeatures {
        guard !isCancelled() else { throw .cancelled }
        let features = extractor.features(of: image, layers: settings.layers)
        passes += 1
        progress(Double(passes) / Double(shotCount * (settings.rotations + variants.count)))
        return PatchFeatures(features, layers: settings.layers, localAveraging: settings.localAveraging)
    }
}
