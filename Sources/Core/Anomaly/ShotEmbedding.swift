/// The forward passes of a fit, and how many of them are done.
struct ShotEmbedding {
    let shots: [Shot]
    let extractor: FeatureExtractor
    let settings: MethodSettings
    let plan: FitPlan
    let fineViews: [FineView]
    let frame: PixelSize
    let parallelism: Parallelism
    let progress: (Double) -> Void
    let isCancelled: () -> Bool
    /// Forward passes that are to be expected.
    private var expectedPasses: Int
    private var passes = 0
    /// That was told last.
    private var share = 0.0
    /// Found when it is first asked for.
    private var foreground: ForegroundEstimate?

    init(
        _ shots: [Shot], extractor: FeatureExtractor, settings: MethodSettings, plan: FitPlan,
        fineViews: [FineView], frame: PixelSize,
        parallelism: Parallelism, progress: @escaping (Double) -> Void,
        isCancelled: @escaping () -> Bool
    ) {
        self.shots = shots
        self.extractor = extractor
        self.settings = settings
        self.plan = plan
        self.fineViews = fineViews
        self.frame = frame
        self.parallelism = parallelism
        self.progress = progress
        self.isCancelled = isCancelled
        expectedPasses = plan.passes(
            shotCount: shots.count, variants: ShotVariant.chosen(shotCount: shots.count).count)
    }

    private var inputSize: Int { extractor.identity.inputSize }
    private var variants: [ShotVariant] { ShotVariant.chosen(shotCount: shots.count) }

    /// - Parameters:
    ///   - shot: its number. Of one number, the same each time.
    ///   - pieces: what is embedded besides the shot itself.
    mutating func features(ofShot shot: Int, _ pieces: ShotPieces) throws(FitError) -> ShotFeatures {
        let image = try image(ofShot: shot)
        let own = try features(of: image)
        let mask = PatchMask(settings.area, frame: frame, grid: own.grid)
        guard !mask.isEmpty, own.fine.allSatisfy({ !$0.mask.isEmpty }) else {
            throw .nothingInspected(patches: own.grid.count)
        }
        // What is made of the shot is made for the finest view.
        let view = ShotFeatures.View(features: own, mask: mask)
        var turned: [ShotFeatures.View] = []
        if pieces.contains(.turned) {
            turned = try self.turned(image.reducedForVariants(inputSize: inputSize), of: image, pieces)
        }
        var features = ShotFeatures(own: view, turned: turned)
        if pieces.contains(.made) {
            let reduced = image.reducedForVariants(inputSize: variantSide)
            features = ShotFeatures(
                own: view, turned: turned, variants: try variants(reduced, mask),
                anomalies: try anomalies(onShot: shot, reduced, mask))
            if shots.count == 1 { features.copies = try copies(reduced) }
        }
        features.lacks = .everything.subtracting(pieces)
        features.number = shot
        return features
    }

    private func copies(_ image: Image) throws(FitError) -> [[FinePatches]] {
        var copies: [[FinePatches]] = []
        for variant in fineViews.isEmpty ? [] : ShotVariant.remembered {
            guard !isCancelled() else { throw .cancelled }
            let features = closely(variant.applied(to: image)) ?? []
            guard features.allSatisfy(\.isFinite) else { throw .notFinite("features of a picture made from a shot") }
            copies.append(patches(features).map { $0.inside(variant.placement(in: image)) })
        }
        return copies
    }

    private func closely(_ image: Image, turned degrees: Double = 0) -> [FineFeatures]? {
        extractor.features(of: image, fineViews, in: settings.area, frame: frame, turned: degrees)
    }

    private func patches(_ features: [FineFeatures]) -> [FinePatches] {
        zip(features, fineViews).map { FinePatches($0, $1, settings.area, frame: frame) }
    }

    private var pictureSide: Int { fineViews.map(\.pictureSide).reduce(inputSize, max) }
    /// Of a small box in a large picture not all pixels are needed: dozens of copies would take longer than all else.
    private var variantSide: Int { min(pictureSide, max(inputSize, 640)) }

    /// That shots of which nothing is kept, or only themselves, will be looked at again; with their copies also when they are
    /// scored in the end.
    mutating func expectAgain(_ missing: (own: Int, copies: Int), looks: (own: Int, copies: Int)) {
        expectedPasses +=
            missing.own * looks.own + expectedPasses * missing.copies * (looks.copies + 1) / shots.count
    }

    /// - Parameter original: the shot, of which `image` is a reduced copy.
    private mutating func turned(
        _ image: Image, of original: Image, _ pieces: ShotPieces
    ) throws(FitError) -> [ShotFeatures.View] {
        var turned: [ShotFeatures.View] = []
        for step in 1..<max(plan.rotations, 1) {
            let degrees = Double(step) * 360 / Double(plan.rotations)
            let copy = RotatedCopy(of: image, degrees: degrees)
            let features = try features(
                of: copy.image, closely: pieces.contains(.turnedClosely) ? original : nil, degrees: degrees)
            let patches = copy.patchesInside(features.grid, isInspected)
            turned.append(
                .init(features: features, mask: PatchMask(patches, of: features.grid), placement: copy.placement))
        }
        return turned
    }

    private mutating func variants(_ image: Image, _ mask: PatchMask) throws(FitError) -> [ShotFeatures.View] {
        let mask = mask.narrowed(to: ShotVariant.interior(of: mask.grid))
        return try views(of: variants.map { $0.applied(to: image) }, mask).map { view in
            var features = view.features
            features.fine = features.fine.map { $0.counting(ShotVariant.interior(of: $0.grid)) }
            return .init(features: features, mask: view.mask)
        }
    }

    /// Every generator in turn, from faint to strong.
    private mutating func anomalies(
        onShot shot: Int, _ image: Image, _ mask: PatchMask
    ) throws(FitError) -> [ShotFeatures.AnomalousView] {
        let count = plan.anomalies(ofShot: shot, among: shots.count)
        guard count > 0 else { return [] }
        let source = try self.image(ofShot: (shot + 1) % shots.count).reducedForVariants(inputSize: variantSide)
        guard min(image.height, image.width, source.height, source.width) >= 8 else { return [] }
        var random = SplitMix64(seed: UInt64(shot))
        let object = try foregroundOfAll().mask(of: image)
        let generators = AnomalyGenerator.allCases
        var views: [ShotFeatures.AnomalousView] = []
        // One after the other: a single shot has dozens.
        for number in 0..<count {
            let anomaly = generators[(number + shot) % generators.count].anomaly(
                on: image, source: source, foreground: object, strength: Float.random(in: 0.2...1, using: &random),
                using: &random)
            var features = try features(of: anomaly.image)
            if plan.embedsAnomaliesOnly { features = features.withoutPatches }
            let isFiner = anomaly.mask.rows >= features.grid.rows && anomaly.mask.columns >= features.grid.columns
            let labels =
                isFiner ? anomaly.patchLabels(on: features.grid) : [Float](repeating: 0, count: features.grid.count)
            views.append(.init(view: .init(features: features, mask: mask), labels: labels))
        }
        return views
    }

    private mutating func foregroundOfAll() throws(FitError) -> ForegroundEstimate {
        if let foreground { return foreground }
        var rasters: [ForegroundRaster] = []
        for shot in shots.indices {
            rasters.append(
                ForegroundRaster(try image(ofShot: shot).reducedForVariants(inputSize: variantSide)))
        }
        let found = ForegroundEstimate(rasters)
        foreground = found
        return found
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

    private func image(ofShot shot: Int) throws(FitError) -> Image {
        do {
            return try shots[shot].image(inputSize: pictureSide)
        } catch {
            throw .shotUnreadable(sha256: shots[shot].sha256, error)
        }
    }

    private mutating func features(of image: Image) throws(FitError) -> PatchFeatures {
        try features(of: image, closely: image, degrees: 0)
    }

    /// - Parameters:
    ///   - closely: what the fine views show; nil is nothing.
    ///   - degrees: by which they are turned.
    private mutating func features(
        of image: Image, closely original: Image?, degrees: Double
    ) throws(FitError) -> PatchFeatures {
        guard !isCancelled() else { throw .cancelled }
        var features = extractor.features(of: image, settings.request)
        // What lies along its axis is found there however the shot is turned, but for its head and tail.
        let isSeen = !fineViews.contains { $0.region.isPosed } || [0, 180].contains(degrees)
        features.fine = []
        if isSeen, let original { features.fine = closely(original, turned: degrees) }
        guard features.isFinite else { throw .notFinite("features of a shot or of a picture made from it") }
        passes += 1
        // More passes may be expected than before: what was done stays done.
        share = max(share, min(Double(passes) / Double(expectedPasses), 1))
        progress(share)
        var patches = PatchFeatures(
            features, layers: settings.layers, localAveraging: settings.method.localAveraging)
        patches.fine = self.patches(features.fine ?? [])
        return patches
    }
}
