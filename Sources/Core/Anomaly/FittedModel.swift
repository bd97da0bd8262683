/// One generation: everything that turns a picture's features into a score, and the limit that makes a verdict of it.
package struct FittedModel: Sendable {
    /// What it was fitted with; it can judge features of the same backbone and input size only.
    package let backbone: BackboneIdentity
    /// What it was made with: layers and input size are named, whether they were asked for, defaults or chosen.
    package let settings: MethodSettings
    /// What was asked for; differs from ``settings`` where the fit chose.
    package let requested: MethodSettings
    /// SHA-256 of the shots, in the order in which they were given.
    package let shots: [String]
    /// Of the patches of the square input.
    package let grid: PatchGrid
    package let scorer: any Scorer
    package private(set) var calibration: Calibration
    /// Of its shots, those that it has learnt nothing from, because they are unlike all others.
    package internal(set) var oddShots: [OddShot] = []
    /// What its shots look like as a whole; nil when it was fitted before anybody looked.
    package internal(set) var scene: SceneStatistics?
    /// What tells whether a line computes the same numbers; nil when it was fitted before there was such a thing.
    package internal(set) var golden: Golden?
    /// What a frame takes; nil when its fit was to keep no budget.
    package internal(set) var inspectionTime: InspectionTime?
    /// What parts of the line taught it; nil when it knows its shots alone.
    package internal(set) var lesson: Lesson?
    /// The closer looks that it takes at what is inspected; none of a method without them, or fitted before there were any.
    package let fineViews: [FineView]
    /// The size of the shots, which ``settings``' area refers to; nil when that is the whole frame, of whatever size.
    package let frame: PixelSize?
    /// The size of the shots, when the fine views show a part of them; nil when they show what is inspected, of whatever size.
    package let partFrame: PixelSize?
    /// Of the patches of the square input.
    let mask: PatchMask
    /// Of its score maps.
    private let mapMask: PatchMask

    package init(
        backbone: BackboneIdentity, settings: MethodSettings, requested: MethodSettings? = nil, shots: [String],
        grid: PatchGrid, scorer: any Scorer, calibration: Calibration, fineViews: [FineView] = [], frame: PixelSize?
    ) {
        precondition(
            frame != nil || settings.area == .wholeFrame, "model: an area of a frame of unknown size")
        self.backbone = backbone
        self.settings = settings
        self.requested = requested ?? settings
        self.shots = shots
        self.grid = grid
        self.scorer = scorer
        self.calibration = calibration
        self.fineViews = fineViews
        self.frame = settings.area == .wholeFrame ? nil : frame
        partFrame = fineViews.allSatisfy(\.region.isFull) ? nil : frame
        let size = frame ?? PixelSize(height: 1, width: 1)
        mask = PatchMask(settings.area, frame: size, grid: grid)
        mapMask = PatchMask(
            settings.area, frame: size, grid: fineViews.first.flatMap { $0.region.isFull ? $0.grid : nil } ?? grid)
    }

    /// What the fit chose or found out, a line each, for people; empty where there is nothing to tell.
    package var findings: [String] {
        oddShots.map { $0.text(others: shots.count - oddShots.count) } + (lesson.map { [$0.line] } ?? [])
            + scorer.findings + (partRegion?.findings ?? []) + (inspectionTime?.findings ?? [])
            + [calibration.evidence.advice(canBeTaught: canBeTaught)].compactMap { $0 }
    }

    /// The layers that it needs of the extractor.
    package var layers: [Int] { settings.layers }

    /// Whether pictures of this size can be judged: any, unless the area is given in pixels of the shots.
    package func accepts(height: Int, width: Int) -> Bool {
        [frame, partFrame].allSatisfy { $0 == nil || $0 == PixelSize(height: height, width: width) }
    }

    /// What it needs of a picture; an extractor as ``backbone`` says.
    package func features(of image: Image, by extractor: FeatureExtractor) -> Features {
        var features = extractor.features(of: image, settings.request, scoreGradient: scorer.scoreGradient)
        features.fine = closely(image, fineViews, by: extractor)
        return features
    }

    func closely(_ image: Image, _ views: [FineView], by extractor: FeatureExtractor) -> [FineFeatures]? {
        extractor.features(of: image, views, in: settings.area, frame: frame ?? PixelSize(square: 1))
    }

    /// What of the picture the fine views show; nil when there are none.
    package var partRegion: PartRegion? { fineViews.first?.region }

    /// The shorter side, in pixels, that pictures are to be decoded to for it, see ``InspectionArea/image(of:inputSize:)``.
    package var pictureSide: Int { fineViews.map(\.pictureSide).reduce(backbone.inputSize, max) }

    /// Whether another model of this backbone needs just the same of a picture.
    func seesAlike(_ other: FittedModel) -> Bool {
        backbone == other.backbone && settings.request == other.settings.request && fineViews == other.fineViews
            && scorer.scoreGradient == nil && other.scorer.scoreGradient == nil
    }

    /// Whether features are of the kind that the model was fitted with: it has the layers, with this grid and width.
    package func accepts(_ features: Features) -> Bool {
        let maps = layers.compactMap { features.layers[$0] }
        let request = settings.request
        guard !request.finalTokens || features.classToken != nil,
            request.windows.allSatisfy({ features.windows[$0] != nil })
        else { return false }
        if let fine = features.fine {
            guard fine.count == fineViews.count, zip(fine, fineViews).allSatisfy({ $0.isOf($1) }) else { return false }
        }
        return maps.count == layers.count && PatchFeatures.finestGrid(of: maps) == grid
            && maps.map(\.tokens.columns).reduce(0, +) == scorer.featureWidth
    }

    /// Whether the part that the fine views show was found in the picture. Without it nothing can be said of the picture.
    package func showsPart(_ features: Features) -> Bool { features.fine != nil }

    /// - Returns: without a part in the picture, a map that is rejected at any limit: see ``showsPart(_:)``.
    /// - Precondition: `accepts(features)`.
    package func score(_ features: Features, parallelism: Parallelism = .serial) -> ScoreMap {
        precondition(accepts(features), "model: features of another kind")
        guard showsPart(features) else { return .withoutPart(grid) }
        return score(patches(of: features), parallelism: parallelism)
    }

    /// What its scorer compares.
    ///
    /// - Precondition: `accepts(features)`.
    package func patches(of features: Features) -> PatchFeatures {
        var patches = PatchFeatures(features, layers: layers, localAveraging: settings.method.localAveraging)
        let frame = frame ?? PixelSize(height: 1, width: 1)
        patches.fine = zip(features.fine ?? [], fineViews).map { FinePatches($0, $1, settings.area, frame: frame) }
        return patches
    }

    package func score(_ features: PatchFeatures, parallelism: Parallelism = .serial) -> ScoreMap {
        scorer.score(features, counting: mask, parallelism).divided(by: calibration.unit)
    }

    /// The scores over the whole frame: enlarged and smoothed over the region of interest, in the unit of the scores and
    /// the limit; 0 outside of it and in ignored polygons. Ignored patches do not count in what is around them.
    ///
    /// - Parameters:
    ///   - height: of the frame; `width`, too.
    /// - Returns: `[height, width]`.
    /// - Precondition: of a model with an area `accepts(height:width:)`; else any size with the frame's proportion.
    package func anomalyMap(of scoreMap: ScoreMap, height: Int, width: Int) -> Matrix {
        precondition(
            frame == nil || accepts(height: height, width: width), "model: a frame of [\(height), \(width)]")
        let frame = PixelSize(height: height, width: width)
        let roi = settings.area.rectangle(in: frame)
        var map = scoreMap.enlarged(height: roi.height, width: roi.width, smoothing: settings.smoothing)
        if !mapMask.isAll {
            let weights = ScoreMap(grid: scoreMap.grid, values: mapMask.weights, imageScore: 1)
                .enlarged(height: roi.height, width: roi.width, smoothing: settings.smoothing)
            // Less than this is beyond the reach of every patch that counts.
            for pixel in map.values.indices {
                map.values[pixel] = weights.values[pixel] > 1e-6 ? map.values[pixel] / weights.values[pixel] : 0
            }
        }
        if let inner = scoreMap.inner { map.show(inner, smoothing: settings.smoothing) }
        map = map.placed(in: roi, of: frame)
        settings.area.forEachIgnoredRun(of: .init(wholeOf: (height, width)), height: height, width: width) {
            row, columns in
            for column in columns { map[row, column] = 0 }
        }
        return map
    }

    /// The connected areas of an anomaly map at the limit or above, the one with the highest peak first. Areas smaller than a
    /// quarter of a patch are dropped.
    package func regions(in anomalyMap: Matrix) -> [Region] {
        let roi = settings.area.rectangle(in: PixelSize(height: anomalyMap.rows, width: anomalyMap.columns))
        let patchArea = fineViews.first?.patchShare ?? 1 / Double(grid.count)
        return Regions.above(
            calibration.limit, in: anomalyMap, minimumArea: Double(roi.height * roi.width) * patchArea / 4)
    }

    /// The regions to show for a picture with this score: as ``regions(in:)``, but a rejected part never has none. Smoothing
    /// can take the map of a small defect just below the limit; then it is the one area around the map's highest point,
    /// as far as it lies above the middle between that point and the map's mean.
    package func regions(in anomalyMap: Matrix, imageScore: Float) -> [Region] {
        let regions = regions(in: anomalyMap)
        guard regions.isEmpty, imageScore.isReject(at: calibration.limit) else { return regions }
        return [Regions.aroundPeak(of: anomalyMap, inspected: inspectedPixels(of: anomalyMap))]
    }

    private func inspectedPixels(of map: Matrix) -> Int {
        let roi = settings.area.rectangle(in: PixelSize(height: map.rows, width: map.columns))
        guard !mapMask.isAll else { return roi.height * roi.width }
        return map.values.count { $0 > 0 }
    }

    /// The model with a limit set by hand.
    ///
    /// - Parameter band: what is uncertain around it; nil = as much in proportion as around the limit that the shots gave.
    /// - Precondition: `limit` is finite.
    package func withLimit(_ limit: Float, band: UncertainBand? = nil) -> FittedModel {
        var model = self
        model.calibration = calibration.withLimit(limit, band: band)
        return model
    }

    /// The same of its shots, made into another one by parts of the line; without a golden picture, whose score is another.
    func replacing(_ scorer: any Scorer, _ calibration: Calibration, _ lesson: Lesson) -> FittedModel {
        var model = FittedModel(
            backbone: backbone, settings: settings, requested: requested, shots: shots, grid: grid, scorer: scorer,
            calibration: calibration, fineViews: fineViews, frame: frame ?? partFrame)
        (model.oddShots, model.scene, model.lesson) = (oddShots, scene, lesson)
        return model
    }

    /// The model with the limit that its shots gave.
    package func withAutomaticLimit() -> FittedModel {
        var model = self
        model.calibration = calibration.automatic()
        return model
    }
}

extension FittedModel: Equatable {
    package static func == (one: FittedModel, other: FittedModel) -> Bool {
        one.backbone == other.backbone && one.settings == other.settings && one.requested == other.requested
            && one.shots == other.shots && one.grid == other.grid && one.calibration == other.calibration
            && one.frame == other.frame && one.partFrame == other.partFrame && one.fineViews == other.fineViews
            && one.oddShots == other.oddShots && one.lesson == other.lesson
            && one.scorer.stored == other.scorer.stored
    }
}

extension Matrix {
    /// Takes what a fine view shows for what was there.
    fileprivate mutating func show(_ inner: PlacedMap, smoothing: Float) {
        // Several pixels a token: between them the nearest is near enough.
        let (height, width) = (8 * inner.grid.rows, 8 * inner.grid.columns)
        let map = ScoreMap(grid: inner.grid, values: inner.values, imageScore: 0)
            .enlarged(height: height, width: width, smoothing: smoothing)
        for row in 0..<rows {
            for column in 0..<columns {
                let place = inner.placement.inView(
                    x: (Double(column) + 0.5) / Double(columns), y: (Double(row) + 0.5) / Double(rows))
                guard (0...1).contains(place.x), (0...1).contains(place.y) else { continue }
                self[row, column] =
                    map[
                        min(Int(place.y * Double(height)), height - 1), min(Int(place.x * Double(width)), width - 1)]
            }
        }
    }

    /// A matrix of the frame's size with this one at the rectangle, 0 around it.
    fileprivate func placed(in rectangle: PixelRectangle, of frame: PixelSize) -> Matrix {
        if rectangle.height == frame.height && rectangle.width == frame.width { return self }
        var result = Matrix(rows: frame.height, columns: frame.width)
        for row in 0..<rows {
            let start = (rectangle.y + row) * frame.width + rectangle.x
            result.values.replaceSubrange(start..<start + columns, with: values[row * columns..<(row + 1) * columns])
        }
        return result
    }
}
