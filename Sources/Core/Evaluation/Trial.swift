/// One model and what the test has shown so far.
struct Trial {
    let model: FittedModel
    /// Of the model's input size.
    let extractor: FeatureExtractor
    private let plan: FewShotProtocol.Plan
    private let fitTime: Duration
    private var pixels = PixelMetrics()
    private var pictures: [EvaluationRun.Picture] = []
    private var misjudged: [MisjudgedPicture] = []
    private var time = Duration.zero

    init(_ plan: FewShotProtocol.Plan, _ model: FittedModel, _ extractor: FeatureExtractor, fitTime: Duration) {
        self.plan = plan
        self.model = model
        self.extractor = extractor
        self.fitTime = fitTime
    }

    /// Whether it is of these good shots and no other.
    func isOf(_ paths: [String]) -> Bool { plan.outlier == nil && plan.stream == nil && plan.paths == paths }

    /// Whether a picture is none of those that it has learnt from.
    func tests(_ picture: DataSet.TestPicture) -> Bool {
        picture != plan.outlier && plan.stream?.defective.contains(picture) != true
    }

    /// - Parameters:
    ///   - features: that the scores are of.
    ///   - time: from the picture's bytes to its score.
    mutating func add(
        _ scoreMap: ScoreMap, _ features: Features, of picture: DataSet.TestPicture, size: PixelSize, time: Duration,
        _ parallelism: Parallelism
    ) {
        let score = scoreMap.imageScore
        pictures.append(.init(file: picture.file, defect: picture.defect, score: score))
        self.time += time
        let limit = model.calibration.limit
        guard limit > 0, score.isReject(at: limit) != (picture.defect != nil) else { return }
        let reduction = min(1, Double(MisjudgedPicture.longestSide) / Double(max(size.height, size.width)))
        let map = model.anomalyMap(
            of: scoreMap, height: max(1, Int(Double(size.height) * reduction)),
            width: max(1, Int(Double(size.width) * reduction)))
        let nearest = model.showsPart(features) ? model.nearest(features, parallelism: parallelism) : nil
        misjudged.add(
            MisjudgedPicture(
                file: picture.file, defect: picture.defect, score: score, anomalyMap: map, limit: limit,
                nearest: nearest))
    }

    /// - Parameters:
    ///   - size: of the mask, or of the picture when there is none.
    ///   - mask: nil is a picture without a defect.
    mutating func addPixels(_ scoreMap: ScoreMap, size: PixelSize, mask: [Bool]?) {
        let map = model.anomalyMap(of: scoreMap, height: size.height, width: size.width)
        if let mask { pixels.add(map, mask: mask) } else { pixels.add(normal: map) }
    }

    /// - Precondition: good and defective pictures were added.
    func run() -> EvaluationRun {
        let normal = pictures.filter { $0.defect == nil }.map(\.score)
        let anomalous = pictures.filter { $0.defect != nil }.map(\.score)
        let ranking = RankingMetrics(normal: normal, anomalous: anomalous)
        let limit = model.calibration.limit
        let atLimit = LimitMetrics(normal: normal, anomalous: anomalous, limit: limit)
        let figures = EvaluationFigures([
            .imageAUROC: ranking.auroc, .imageAUPR: ranking.averagePrecision, .f1Max: ranking.f1Max,
            .pixelAUROC: pixels.auroc, .aupro: pixels.aupro(), .limit: Double(limit),
            .falseRejectRate: atLimit.falseRejectRate, .escapeRate: atLimit.escapeRate,
            .balancedAccuracy: atLimit.balancedAccuracy, .bestBalancedAccuracy: ranking.bestBalancedAccuracy,
            .balancedAccuracyRatio: atLimit.balancedAccuracy / ranking.bestBalancedAccuracy,
            .fitSeconds: fitTime / .seconds(1),
            .millisecondsPerImage: time / .milliseconds(1) / Double(pictures.count),
        ])
        return EvaluationRun(
            seed: plan.seed, shots: plan.shotNames, outlier: plan.outlier?.file, oddShots: oddShots,
            inputSize: model.backbone.inputSize, layers: model.layers, figures: figures,
            evidence: model.calibration.evidence, training: model.scorer.training,
            stream: plan.stream.map { stream in
                StreamRun(
                    pictures: stream.paths.map(FewShotProtocol.fileName), defective: stream.defective.count,
                    model.lesson)
            },
            pictures: pictures, misjudged: misjudged)
    }

    private var oddShots: [String] {
        // A picture that comes twice among the shots is one.
        let names = Dictionary(
            zip(model.shots, plan.shotNames + [plan.outlier?.file ?? ""]),
            uniquingKeysWith: { one, _ in one })
        return model.oddShots.compactMap { names[$0.sha256] }
    }
}
