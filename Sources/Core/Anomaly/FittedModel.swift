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
    /// The grid of its score maps.
    package let grid: PatchGrid
    package let scorer: any Scorer
    package private(set) var calibration: Calibration
    /// Of its shots, those that it has learnt nothing from, because they are unlike all others.
    package internal(set) var oddShots: [OddShot] = []
    /// What its shots look like as a whole; nil when it was fitted before anybody looked.
    package internal(set) var scene: SceneStatistics?
    /// What tells whether a line computes the same numbers; nil when it was fitted before there was such a thing.
    package internal(set) var golden: Golden?
    /// The size of the shots, which ``settings``' area refers to; nil when that is the whole frame, of whatever size.
    package let frame: PixelSize?
    private let mask: PatchMask

    package init(
        backbone: BackboneIdentity, settings: MethodSettings, requested: MethodSettings? = nil, shots: [String],
        grid: PatchGrid, scorer: any Scorer, calibration: Calibration, frame: PixelSize?
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
        self.frame = settings.area == .wholeFrame ? nil : frame
        mask = PatchMask(settings.area, frame: frame ?? PixelSize(height: 1, width: 1), grid: grid)
    }

    /// What the fit chose or found out, a line each, for people; empty where there is nothing to tell.
    package var findings: [String] { oddShots.map { $0.text(others: shots.count - oddShots.count) } + scorer.findings }

    /// The layers that it needs of the extractor.
    package var layers: [Int] { settings.layers }

    /// Whether pictures of this size can be judged: any, unless the area is given in pixels of the shots.
    package func accepts(height: Int, width: Int) -> Bool {
        frame == nil || frame == PixelSize(height: height, width: width)
    }

    /// What it needs of a picture; an extractor as ``backbone`` says.
    package func features(of image: Image, by extractor: FeatureExtractor) -> Features {
        extractor.features(of: image, settings.request, scoreGradient: scorer.scoreGradient)
    }

    /// Whether another model of this backbone needs just the same of a picture.
    func seesAlike(_ other: FittedModel) -> Bool {
        backbone == other.backbone && settings.request == other.settings.request
            && scorer.scoreGradient == nil && other.scorer.scoreGradient == nil
    }

    /// Whether features are of the kind that the model was fitted with: it has the layers, with this grid and width.
    package func accepts(_ features: Features) -> Bool {
        let maps = layers.compactMap { features.layers[$0] }
        let request = settings.request
        guard !request.finalTokens || features.classToken != nil,
            request.windows.allSatisfy({ features.windows[$0] != nil })
        else { return false }
        return maps.count == layers.count && PatchFeatures.finestGrid(of: maps) == grid
            && maps.map(\.tokens.columns).reduce(0, +) == scorer.featureWidth
    }

    /// - Precondition: `accepts(features)`.
    package func score(_ features: Features, parallelism: Parallelism = .serial) -> ScoreMap {
        precondition(accepts(features), "model: features of another kind")
        return score(
            PatchFeatures(features, layers: layers, localAveraging: settings.method.localAveraging),
            parallelism: parallelism)
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
    /// - Precondition: `accepts(height:width:)`.
    package func anomalyMap(of scoreMap: ScoreMap, height: Int, width: Int) -> Matrix {
        precondition(accepts(height: height, width: width), "model: a frame of [\(height), \(width)]")
        let frame = PixelSize(height: height, width: width)
        let roi = settings.area.rectangle(in: frame)
        var map = scoreMap.enlarged(height: roi.height, width: roi.width, smoothing: settings.smoothing)
        if !mask.isAll {
            let weights = ScoreMap(grid: grid, values: mask.weights, imageScore: 1)
                .enlarged(height: roi.height, width: roi.width, smoothing: settings.smoothing)
            // Less than this is beyond the reach of every patch that counts.
            for pixel in map.values.indices {
                map.values[pixel] = weights.values[pixel] > 1e-6 ? map.values[pixel] / weights.values[pixel] : 0
            }
        }
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
        let patchArea = Double(roi.height * roi.width) / Double(grid.count)
        return Regions.above(calibration.limit, in: anomalyMap, minimumArea: patchArea / 4)
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
        guard !mask.isAll else { return roi.height * roi.width }
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
            && one.frame == other.frame && one.oddShots == other.oddShots && one.scorer.stored == other.scorer.stored
    }
}

extension Matrix {
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
