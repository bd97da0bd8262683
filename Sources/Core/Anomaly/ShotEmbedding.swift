/// The forward passes of a fit, and how many of them are done.
struct ShotEmbedding {
    let extractor: FeatureExtractor
    let settings: MethodSettings
    let plan: FitPlan
    let frame: PixelSize
    let parallelism: Parallelism
    let shotCount: Int
    let progress: (Double) -> Void
    let isCancelled: () -> Bool
    private var passes = 0

    init(
        extractor: FeatureExtractor, settings: MethodSettings, plan: FitPlan, frame: PixelSize,
        parallelism: Parallelism, shotCount: Int, progress: @escaping (Double) -> Void,
        isCancelled: @escaping () -> Bool
    ) {
        self.extractor = extractor
        self.settings = settings
        self.plan = plan
        self.frame = frame
        self.parallelism = parallelism
        self.shotCount = shotCount
        self.progress = progress
        self.isCancelled = isCancelled
    }

    private var inputSize: Int { extractor.identity.inputSize }
    private var variants: [ShotVariant] { ShotVariant.chosen(shotCount: shotCount) }

    mutating func features(of shots: [Shot]) throws(FitError) -> [ShotFeatures] {
        var images: [Image] = []
        for shot in shots { images.append(try image(of: shot)) }
        let reduced = images.map { $0.reducedForVariants(inputSize: inputSize) }
        let foreground = plan.anomalies > 0 ? ForegroundEstimate(shots: reduced) : .none
        var features: [ShotFeatures] = []
        for shot in shots.indices {
            let own = try self.features(of: images[shot])
            let mask = PatchMask(settings.area, frame: frame, grid: own.grid)
            guard !mask.isEmpty else { throw .nothingInspected(patches: own.grid.count) }
            let view = ShotFeatures.View(features: own, mask: mask)
            let anomalies = anomalies(onShot: shot, of: reduced, foreground)
            features.append(
                ShotFeatures(
                    own: view, turned: try turned(reduced[shot]), variants: try variants(reduced[shot], mask),
                    anomalies: try anomalousViews(of: anomalies, mask)))
        }
        return features
    }

    private mutating func turned(_ image: Image) throws(FitError) -> [ShotFeatures.View] {
        var turned: [ShotFeatures.View] = []
        for step in 1..<max(plan.rotations, 1) {
            let copy = RotatedCopy(of: image, degrees: Double(step) * 360 / Double(plan.rotations))
            let features = try features(of: copy.image)
            let patches = copy.patchesInside(features.grid, isInspected)
            turned.append(.init(features: features, mask: PatchMask(patches, of: features.grid)))
        }
        return turned
    }

    private mutating func variants(_ image: Image, _ mask: PatchMask) throws(FitError) -> [ShotFeatures.View] {
        let mask = mask.narrowed(to: ShotVariant.interior(of: mask.grid))
        return try views(of: variants.map { $0.applied(to: image) }, mask)
    }

    /// Every generator in turn, from faint to strong.
    private func anomalies(onShot shot: Int, of images: [Image], _ foreground: ForegroundEstimate) -> [SyntheticAnomaly]
    {
        let source = images[(shot + 1) % images.count]
        guard min(images[shot].height, images[shot].width, source.height, source.width) >= 8 else { return [] }
        var random = SplitMix64(seed: UInt64(shot))
        let object = foreground.mask(of: images[shot])
        return (0..<plan.anomalies(ofShot: shot, among: shotCount)).map { number in
            let generators = AnomalyGenerator.allCases
            let generator = generators[(number + shot) % generators.count]
            return generator.anomaly(
                on: images[shot], source: source, foreground: object,
                strength: Float.random(in: 0.2...1, using: &random), using: &random)
        }
    }

    private mutating func anomalousViews(
        of anomalies: [SyntheticAnomaly], _ mask: PatchMask
    ) throws(FitError) -> [ShotFeatures.AnomalousView] {
        var views: [ShotFeatures.AnomalousView] = []
        for anomaly in anomalies {
            var features = try features(of: anomaly.image)
            if plan.embedsAnomaliesOnly { features = features.withoutPatches }
            let isFiner = anomaly.mask.rows >= features.grid.rows && anomaly.mask.columns >= features.grid.columns
            let labels =
                isFiner ? anomaly.patchLabels(on: features.grid) : [Float](repeating: 0, count: features.grid.count)
            views.append(.init(view: .init(features: features, mask: mask), labels: labels))
        }
        return views
    }

    private mutating func views(of images: [Image], _ mask: PatchMask) throws(FitError) -> [ShotFeatures.View] {
        var views: [ShotFeatures.View] = []
        for image in images { views.append(.init(features: try features(of: image), mask: mask)) }
        return views
    }

    /// Whether a place counts that is given by its shares of the region's width and height.
    private func isInspected(_ across: Double, _ down: Double) -> Bool {
        let roi = settings.area.rectangle(in: frame)
        return settings.area.ignore.isEmpty
            || !settings.area.ignores(
                x: Double(roi.x) + across * Double(roi.width), y: Double(roi.y) + down * Double(roi.height))
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
        let features = extractor.features(of: image, settings.request)
        guard features.isFinite else { throw .notFinite("features of a shot or of a picture made from it") }
        passes += 1
        progress(Double(passes) / Double(plan.passes(shotCount: shotCount, variants: variants.count)))
        return PatchFeatures(features, layers: settings.layers, localAveraging: settings.method.localAveraging)
    }
}
