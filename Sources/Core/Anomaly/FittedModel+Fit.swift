extension FittedModel {
    /// Fits a model to normal shots. Equal shots, settings and backbone give an equal model.
    ///
    /// A shot that comes twice counts once. Costs `rotations` forward passes a shot (and 7 variants with one shot); then the
    /// coreset and the nearest neighbours.
    ///
    /// - Parameters:
    ///   - progress: called with the share that is done, after each forward pass.
    ///   - isCancelled: asked before each forward pass.
    /// - Throws: `noShots`, `badSettings`, `cancelled`; with an area also `regionOutside`, `shotSizes`, `nothingInspected`.
    public static func fit(
        shots: [Shot], extractor: FeatureExtractor, settings: PatchMemorySettings, parallelism: Parallelism = .serial,
        progress: @escaping (Double) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
    ) throws(FitError) -> FittedModel {
        if let problem = settings.problem(layerCount: extractor.layerCount) { throw .badSettings(problem) }
        var seen: Set<String> = []
        let shots = shots.filter { seen.insert($0.sha256).inserted }
        let frame = try Self.frame(of: shots, settings.area)
        var fit = PatchMemoryFit(
            extractor: extractor, settings: settings, frame: frame, parallelism: parallelism, shotCount: shots.count,
            progress: progress, isCancelled: isCancelled)
        var own: [PatchFeatures] = []
        var blocks: [Matrix] = []
        for shot in shots {
            let (features, block) = try fit.block(of: shot.image)
            own.append(features)
            blocks.append(block)
        }
        let memory = MemoryBank(blocks: blocks)
        let scores = try fit.heldOutScores(shots.map(\.image), own, memory)
        let prediction = LimitPrediction(scores: scores, targetFalseRejectRate: settings.targetFalseRejectRate)
        return FittedModel(
            backbone: extractor.identity, settings: settings, shots: shots.map(\.sha256), grid: own[0].grid,
            memory: memory, calibration: Calibration(evidence: prediction.evidence()), frame: frame)
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

    /// As ``fit(shots:extractor:settings:parallelism:progress:isCancelled:)``, with a backbone of its own.
    ///
    /// - Precondition: `backbone.accepts(inputSize:)`.
    public static func fit(
        shots: [Shot], backbone: BackboneModel, inputSize: Int, settings: PatchMemorySettings,
        parallelism: Parallelism = .serial, progress: @escaping (Double) -> Void = { _ in },
        isCancelled: @escaping () -> Bool = { false }
    ) throws(FitError) -> FittedModel {
        let extractor = FeatureExtractor(backbone, inputSize: inputSize, parallelism: parallelism)
        return try fit(
            shots: shots, extractor: extractor, settings: settings, parallelism: parallelism, progress: progress,
            isCancelled: isCancelled)
    }
}

/// The steps of a fit, and how many of its forward passes are done.
private struct PatchMemoryFit {
    let extractor: FeatureExtractor
    let settings: PatchMemorySettings
    let frame: PixelSize
    let parallelism: Parallelism
    let shotCount: Int
    let progress: (Double) -> Void
    let isCancelled: () -> Bool
    private var passes = 0

    init(
        extractor: FeatureExtractor, settings: PatchMemorySettings, frame: PixelSize, parallelism: Parallelism,
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

    private var variants: [ShotVariant] { ShotVariant.chosen(shotCount: shotCount) }

    /// Features of a shot, and of it and its rotated copies what the memory keeps.
    mutating func block(of image: Image) throws(FitError) -> (own: PatchFeatures, block: Matrix) {
        let own = try features(of: image)
        let mask = mask(own.grid)
        guard !mask.isEmpty else { throw .nothingInspected(patches: own.grid.count) }
        var kept = [mask.rows(of: own.rows)]
        let reduced = image.reducedForVariants(inputSize: extractor.identity.inputSize)
        for step in 1..<max(settings.rotations, 1) {
            let copy = RotatedCopy(of: reduced, degrees: Double(step) * 360 / Double(settings.rotations))
            let features = try features(of: copy.image)
            kept.append(features.rows.rows(copy.patchesInside(features.grid, isInspected)))
        }
        let all = MemoryBank(blocks: kept).rows
        guard settings.coresetBudget > 0 else { return (own, all) }
        let share = max(settings.coresetBudget / shotCount, 1)
        return (own, all.rows(farthestPointsFirst(all, count: share)))
    }

    private func mask(_ grid: PatchGrid) -> PatchMask { PatchMask(settings.area, frame: frame, grid: grid) }

    /// Whether a place counts that is given by its shares of the region's width and height.
    private func isInspected(_ across: Double, _ down: Double) -> Bool {
        let roi = settings.area.rectangle(in: frame)
        return settings.area.ignore.isEmpty
            || !settings.area.ignores(
                x: Double(roi.x) + across * Double(roi.width), y: Double(roi.y) + down * Double(roi.height))
    }

    /// For each shot, its score against the memory of the others. One shot has no others: then its variants are scored, against
    /// itself.
    mutating func heldOutScores(
        _ images: [Image], _ own: [PatchFeatures], _ memory: MemoryBank
    ) throws(FitError) -> [[Float]] {
        var scores: [[Float]] = []
        for (shot, image) in images.enumerated() {
            let reduced = image.reducedForVariants(inputSize: extractor.identity.inputSize)
            let mask = mask(own[shot].grid)
            let interior = mask.kept(of: ShotVariant.interior(of: mask.grid))
            let judged = interior.isEmpty ? mask.patches : interior
            var ofShot = shotCount > 1 ? [score(mask.rows(of: own[shot].rows), memory, leavingOut: shot)] : []
            for variant in variants {
                let features = try features(of: variant.applied(to: reduced))
                ofShot.append(score(features.rows.rows(judged), memory, leavingOut: shotCount > 1 ? shot : nil))
            }
            scores.append(ofShot)
        }
        return scores
    }

    private func score(_ rows: Matrix, _ memory: MemoryBank, leavingOut shot: Int?) -> Float {
        settings.aggregation.score(of: memory.nearestDistances(to: rows, leavingOut: shot, parallelism))
    }

    private mutating func features(of image: Image) throws(FitError) -> PatchFeatures {
        guard !isCancelled() else { throw .cancelled }
        let features = extractor.features(of: image, layers: settings.layers)
        passes += 1
        progress(Double(passes) / Double(shotCount * (settings.rotations + variants.count)))
        return PatchFeatures(features, layers: settings.layers, localAveraging: settings.localAveraging)
    }
}
