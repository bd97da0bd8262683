/// The few-shot protocol: for every number of shots and seed, fit a model to the shots, choose the limit from the shots
/// alone, and score every test picture. No test picture has a say in anything that is reported, except as a test.
public struct FewShotProtocol {
    private let extractor: FeatureExtractor
    private let settings: MethodSettings
    private let parallelism: Parallelism
    private let now: () -> Duration

    /// - Parameter now: a monotonic clock, for the milliseconds.
    public init(
        extractor: FeatureExtractor, settings: MethodSettings, parallelism: Parallelism,
        now: @escaping () -> Duration
    ) {
        self.extractor = extractor
        self.settings = settings
        self.parallelism = parallelism
        self.now = now
    }

    /// Every test picture is decoded and embedded once, and scored with all models.
    ///
    /// - Parameter progress: called with the share that is done.
    /// - Throws: `tooFewShots` before anything is computed; `picture` and `fit`.
    public func evaluate(
        _ set: DataSet, shotCounts: [Int], seeds: Int, progress: @escaping (Double) -> Void = { _ in }
    ) throws(EvaluationError) -> [ShotEvaluation] {
        var plans: [(shots: Int, seed: Int, paths: [String])] = []
        for shots in shotCounts {
            for seed in 0..<seeds { plans.append((shots, seed, try set.shots(shots, seed: seed))) }
        }
        var trials: [Trial] = []
        for (index, plan) in plans.enumerated() {
            trials.append(try fit(set, plan) { progress(0.5 * (Double(index) + $0) / Double(plans.count)) })
        }
        for (index, picture) in set.test.enumerated() {
            try score(picture, hasMasks: set.hasMasks, with: &trials)
            progress(0.5 + 0.5 * Double(index + 1) / Double(set.test.count))
        }
        return shotCounts.map { shots in
            ShotEvaluation(
                set: set.name, shots: shots, runs: trials.filter { $0.shots == shots }.map { $0.run(of: set) })
        }
    }

    private func fit(
        _ set: DataSet, _ plan: (shots: Int, seed: Int, paths: [String]), progress: @escaping (Double) -> Void
    ) throws(EvaluationError) -> Trial {
        var shots: [Shot] = []
        for path in plan.paths {
            do throws(ImageError) {
                let picture = Picture(.file, bytes: try ImageFile.read(path: path))
                shots.append(try Shot(picture: picture, area: settings.area))
            } catch {
                throw .picture(path: path, error)
            }
        }
        let start = now()
        do throws(FitError) {
            let model = try FittedModel.fit(
                shots: shots, extractor: extractor, settings: settings, parallelism: parallelism, progress: progress)
            return Trial(shots: plan.shots, seed: plan.seed, paths: plan.paths, model: model, fitTime: now() - start)
        } catch {
            throw .fit(set: set.name, error)
        }
    }

    private func score(
        _ picture: DataSet.TestPicture, hasMasks: Bool, with trials: inout [Trial]
    ) throws(EvaluationError) {
        let size: (height: Int, width: Int)
        let image: Image
        let start: Duration
        do throws(ImageError) {
            let file = Picture(.file, bytes: try ImageFile.read(path: picture.path))
            start = now()
            size = try file.size()
            image = try settings.area.image(of: file, inputSize: extractor.identity.inputSize)
        } catch {
            throw .picture(path: picture.path, error)
        }
        let features = extractor.features(of: image, layers: Set(trials.flatMap(\.model.layers)).sorted())
        let shared = now() - start
        let mask = try picture.maskPath.map(readMask)
        for index in trials.indices {
            let start = now()
            let scoreMap = trials[index].model.score(features, parallelism: parallelism)
            trials[index].add(
                scoreMap.imageScore, defect: picture.defect, path: picture.path, time: shared + now() - start)
            if let mask {
                let map = trials[index].model.anomalyMap(of: scoreMap, height: mask.height, width: mask.width)
                trials[index].pixels.add(map, mask: mask.foreground)
            } else if hasMasks, picture.defect == nil {
                let map = trials[index].model.anomalyMap(of: scoreMap, height: size.height, width: size.width)
                trials[index].pixels.add(normal: map)
            }
        }
    }

    private func readMask(_ path: String) throws(EvaluationError) -> Image {
        do throws(ImageError) {
            return try Image(decoding: try ImageFile.read(path: path))
        } catch {
            throw .picture(path: path, error)
        }
    }
}

extension Image {
    /// Where a mask is not black.
    fileprivate var foreground: [Bool] {
        (0..<height * width).map { pixels[$0 * 3] > 0 || pixels[$0 * 3 + 1] > 0 || pixels[$0 * 3 + 2] > 0 }
    }
}

/// One model and what the test has shown so far.
private struct Trial {
    let shots: Int
    let seed: Int
    let paths: [String]
    let model: FittedModel
    let fitTime: Duration
    var pixels = PixelMetrics()
    private var pictures: [ShotEvaluation.Picture] = []
    private var time = Duration.zero

    init(shots: Int, seed: Int, paths: [String], model: FittedModel, fitTime: Duration) {
        self.shots = shots
        self.seed = seed
        self.paths = paths
        self.model = model
        self.fitTime = fitTime
    }

    mutating func add(_ score: Float, defect: String?, path: String, time: Duration) {
        let file = path.split(separator: "/").suffix(2).joined(separator: "/")
        pictures.append(.init(file: file, defect: defect, score: score))
        self.time += time
    }

    func run(of set: DataSet) -> ShotEvaluation.Run {
        let good = pictures.filter { $0.defect == nil }.map(\.score)
        let defective = pictures.filter { $0.defect != nil }.map(\.score)
        let ranking = RankingMetrics(normal: good, anomalous: defective)
        let limit = model.calibration.limit
        let figures = EvaluationFigures([
            .imageAUROC: ranking.auroc, .imageAUPR: ranking.averagePrecision, .f1Max: ranking.f1Max,
            .pixelAUROC: pixels.auroc, .aupro: pixels.aupro(), .limit: Double(limit),
            .falseRejectRate: Double(good.count { $0 > limit }) / Double(good.count),
            .escapeRate: Double(defective.count { $0 <= limit }) / Double(defective.count),
            .millisecondsPerImage: time / .milliseconds(1) / Double(pictures.count),
        ])
        return ShotEvaluation.Run(
            seed: seed, shots: paths.map { String($0.split(separator: "/").last ?? "") }, figures: figures,
            fitSeconds: fitTime / .seconds(1), evidence: model.calibration.evidence, pictures: pictures)
    }
}
