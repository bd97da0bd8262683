/// One generation: everything that turns a picture's features into a score, and the limit that makes a verdict of it.
public struct FittedModel: Sendable, Equatable {
    /// What it was fitted with; it can judge features of the same backbone and input size only.
    public let backbone: BackboneIdentity
    public let settings: PatchMemorySettings
    /// SHA-256 of the shots, in the order in which they were given.
    public let shots: [String]
    /// The grid of its score maps.
    public let grid: PatchGrid
    public let memory: MemoryBank
    public private(set) var calibration: Calibration

    /// Whether features are of the kind that the model was fitted with: it has the layers, with this grid and width.
    public func accepts(_ features: Features) -> Bool {
        let maps = settings.layers.compactMap { features.layers[$0] }
        return maps.count == settings.layers.count && PatchFeatures.finestGrid(of: maps) == grid
            && maps.map(\.tokens.columns).reduce(0, +) == memory.rows.columns
    }

    /// - Precondition: `accepts(features)`.
    /// - Complexity: one GEMM of the picture's patches with the memory.
    public func score(_ features: Features, parallelism: Parallelism = .serial) -> ScoreMap {
        precondition(accepts(features), "model: features of another kind")
        return score(
            PatchFeatures(features, layers: settings.layers, localAveraging: settings.localAveraging),
            parallelism: parallelism)
    }

    package func score(_ features: PatchFeatures, parallelism: Parallelism = .serial) -> ScoreMap {
        ScoreMap(
            grid: features.grid, values: memory.nearestDistances(to: features.rows, parallelism),
            aggregation: settings.aggregation)
    }

    /// The scores over the picture: enlarged and smoothed, in the unit of the scores and the limit.
    ///
    /// - Returns: `[height, width]`.
    public func anomalyMap(of scoreMap: ScoreMap, height: Int, width: Int) -> Matrix {
        scoreMap.enlarged(height: height, width: width, smoothing: settings.smoothing)
    }

    /// The connected areas of an anomaly map above the limit, the one with the highest peak first. Areas smaller than a
    /// quarter of a patch are dropped.
    public func regions(in anomalyMap: Matrix) -> [Region] {
        let patchArea = Double(anomalyMap.values.count) / Double(grid.count)
        return Regions.above(calibration.limit, in: anomalyMap, minimumArea: patchArea / 4)
    }

    /// The regions to show for a picture with this score: as ``regions(in:)``, but a rejected part never has none. Smoothing
    /// can take the map of a small defect just below the limit; then it is the one area around the map's highest point,
    /// as far as it lies above the middle between that point and the map's mean.
    public func regions(in anomalyMap: Matrix, imageScore: Float) -> [Region] {
        let regions = regions(in: anomalyMap)
        guard regions.isEmpty, imageScore > calibration.limit else { return regions }
        return [Regions.aroundPeak(of: anomalyMap)]
    }

    /// The model with a limit set by hand.
    ///
    /// - Precondition: `limit` is finite.
    public func withLimit(_ limit: Float) -> FittedModel {
        var model = self
        model.calibration = calibration.withLimit(limit)
        return model
    }

    /// The model with the limit that its shots gave.
    public func withAutomaticLimit() -> FittedModel {
        var model = self
        model.calibration = calibration.automatic()
        return model
    }
}
