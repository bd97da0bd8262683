import Platform

/// The few-shot protocol: for every number of shots and seed, fit a model to the shots, choose the limit from the shots
/// alone, and score every test picture. No test picture has a say in anything that is reported, except as a test.
package struct FewShotProtocol {
    /// The choice of shots that makes one run.
    package struct Plan: Sendable, Equatable {
        package let shots: Int
        package let seed: Int
        let paths: [String]
        /// A defective test picture that is one more shot, and no test; nil when all shots are good. It is a doubted one where the model
        /// of the others rejects it, for the daemon takes it by force only.
        var outlier: DataSet.TestPicture?
        /// What teaches the model of the shots; nil when nothing does.
        var stream: StreamPictures?

        /// The good shots' file names.
        var shotNames: [String] { paths.map(FewShotProtocol.fileName) }
        fileprivate var allPaths: [String] { paths + (outlier.map { [$0.path] } ?? []) }

        /// What there is beside the shots, as it is added to the data set's name.
        fileprivate var besides: String {
            stream.map { " and \($0.paths.count) parts" } ?? (outlier == nil ? "" : " and an outlier")
        }
    }

    static func fileName(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

    private let extractors: ExtractorSource
    private let settings: MethodSettings
    let parallelism: Parallelism
    private let cache: (EvaluationCache, EvaluationCache.Key)?
    private let remembersFeatures: Bool
    let warn: (String) -> Void
    private let stopwatch: InspectionStopwatch?
    private let now: () -> Duration

    /// - Parameters:
    ///   - cache: where finished runs are kept, and what they depend on apart from pictures; nil computes everything.
    ///   - remembersFeatures: whether a picture that many models look at is embedded once, at about 2 MB a picture, its turned
    ///     copies among them; synthetic anomalies, which no two fits have in common, are not made then.
    ///   - warn: told why a finished run could not be kept, which changes nothing else.
    ///   - stopwatch: for settings with a budget; nil keeps none.
    ///   - now: a monotonic clock, for the milliseconds.
    package init(
        extractors: ExtractorSource, settings: MethodSettings, parallelism: Parallelism,
        cache: (EvaluationCache, EvaluationCache.Key)? = nil, remembersFeatures: Bool = false,
        warn: @escaping (String) -> Void = { _ in }, stopwatch: InspectionStopwatch? = nil,
        now: @escaping () -> Duration
    ) {
        self.extractors = remembersFeatures ? extractors.remembering() : extractors
        self.settings = settings
        self.parallelism = parallelism
        self.cache = cache
        self.remembersFeatures = remembersFeatures
        self.warn = warn
        self.stopwatch = stopwatch
        self.now = now
    }

    /// The runs of a data set.
    ///
    /// - Parameter takingFewer: whether a number of shots gets fewer seeds, at least one, where the pictures do not suffice.
    /// - Throws: `tooFewShots`.
    package static func plans(
        of set: DataSet, shotCounts: [Int], seeds: Int, takingFewer: Bool = false
    ) throws(DataSetError) -> [Plan] {
        var plans: [Plan] = []
        for shots in shotCounts {
            let available = takingFewer ? min(seeds, max(1, set.train.count / shots)) : seeds
            for seed in 0..<available {
                plans.append(Plan(shots: shots, seed: seed, paths: try set.shots(shots, seed: seed)))
            }
        }
        return plans
    }

    /// Each plan, followed by as many more with a defective test picture as one more shot, each with another one.
    ///
    /// - Parameter outliers: how many of the set's defective test pictures, at most, drawn by lot.
    package static func withOutliers(_ plans: [Plan], _ outliers: Int, of set: DataSet) -> [Plan] {
        let drawn = PictureDraw(count: outliers, seed: 0).applied(to: set).test.filter { $0.defect != nil }
        return plans.flatMap { plan in
            [plan]
                + drawn.map { picture in
                    var plan = plan
                    plan.outlier = picture
                    return plan
                }
        }
    }

    /// Every test picture is decoded and embedded once for all models that see it alike, and scored with all models.
    ///
    /// - Parameter progress: called with the number of plans that are done; a fit is half of its plan.
    /// - Returns: one result a number of shots, in the order of the plans.
    /// - Throws: `picture` and `fit`.
    package func evaluate(
        _ set: DataSet, plans: [Plan], progress: @escaping (Double) -> Void = { _ in }
    ) throws(EvaluationError) -> [ShotEvaluation] {
        let keys = try keys(of: set, plans)
        var runs = plans.indices.map { index in
            keys.flatMap { keys in cache?.0.run(keys[index], seed: plans[index].seed) }
        }
        let missing = plans.indices.filter { runs[$0] == nil }
        let cached = Double(plans.count - missing.count)
        var trials: [Trial] = []
        for (done, index) in missing.enumerated() {
            let isDoubted = try isDoubted(plans[index], trials, zip(plans, runs).compactMap { $1 })
            let (model, time) = try fit(set, plans[index], isDoubted) {
                progress(cached + (Double(done) + $0) / 2)
            }
            // One extractor an input size: each has its own scratch memory.
            let inputSize = model.backbone.inputSize
            let extractor = trials.first { $0.model.backbone.inputSize == inputSize }?.extractor
            trials.append(
                Trial(plans[index], model, extractor ?? extractors.extractor(inputSize: inputSize), fitTime: time))
        }
        for (done, picture) in set.test.enumerated() where !trials.isEmpty {
            try score(picture, hasMasks: set.hasMasks, with: &trials)
            progress(cached + Double(missing.count) * (1 + Double(done + 1) / Double(set.test.count)) / 2)
        }
        for (trial, index) in zip(trials, missing) {
            let run = trial.run()
            runs[index] = run
            if let keys { keep(run, keys[index]) }
        }
        progress(Double(plans.count))
        return Self.grouped(zip(plans, runs.compactMap { $0 }), of: set)
    }

    private static func grouped(_ runs: Zip2Sequence<[Plan], [EvaluationRun]>, of set: DataSet) -> [ShotEvaluation] {
        var shotCounts: [Int] = []
        for (plan, _) in runs where !shotCounts.contains(plan.shots) { shotCounts.append(plan.shots) }
        return shotCounts.flatMap { shots in
            let ofShots = runs.filter { $0.0.shots == shots }
            var names: [String] = []
            for (plan, _) in ofShots where !names.contains(plan.besides) { names.append(plan.besides) }
            return names.map { besides in
                ShotEvaluation(
                    set: set.name + besides, shots: shots, runs: ofShots.filter { $0.0.besides == besides }.map(\.1))
            }
        }
    }

    /// Whether the daemon would take a plan's outlier as a doubted shot, by the model of the plan's good shots, which comes before.
    private func isDoubted(
        _ plan: Plan, _ trials: [Trial], _ runs: [EvaluationRun]
    ) throws(EvaluationError) -> Bool {
        guard let outlier = plan.outlier else { return false }
        if let trial = trials.first(where: { $0.isOf(plan.paths) }) {
            let view = try view(of: Picture(.file, bytes: read(outlier.path)), for: trial, path: outlier.path)
            let score = trial.model.score(view.features, parallelism: parallelism).imageScore
            return trial.model.calibration.evidence.doubts(score)
        }
        return runs.contains { run in
            run.outlier == nil && run.stream == nil && run.shots == plan.shotNames
                && run.pictures.contains { $0.file == outlier.file && run.evidence.doubts($0.score) }
        }
    }

    private func fit(
        _ set: DataSet, _ plan: Plan, _ isDoubted: Bool, progress: @escaping (Double) -> Void
    ) throws(EvaluationError) -> (model: FittedModel, time: Duration) {
        var shots: [Shot] = []
        for path in plan.allPaths {
            let picture = Picture(.file, bytes: try read(path))
            do throws(ImageError) {
                shots.append(try Shot(picture: picture, area: settings.area))
            } catch {
                throw .picture(path: path, error)
            }
        }
        if isDoubted { shots[shots.count - 1].isDoubted = true }
        let start = now()
        var model: FittedModel
        do throws(FitError) {
            model = try FittedModel.fit(
                shots: shots, extractors: extractors, settings: settings, makesAnomalies: !remembersFeatures,
                stopwatch: stopwatch, parallelism: parallelism, progress: progress)
        } catch {
            throw .fit(set: set.name, error)
        }
        if let stream = plan.stream { model = try taught(model, by: stream, plan, of: set) }
        return (model, now() - start)
    }

    func extractor(inputSize: Int) -> FeatureExtractor { extractors.extractor(inputSize: inputSize) }

    func features(ofFile path: String, by model: FittedModel, _ extractor: FeatureExtractor) throws(EvaluationError)
        -> Features
    {
        let file = Picture(.file, bytes: try read(path))
        do throws(ImageError) {
            let image = try settings.area.image(of: file, inputSize: model.pictureSide)
            return model.features(of: image, by: extractor)
        } catch {
            throw .picture(path: path, error)
        }
    }

    private func score(
        _ picture: DataSet.TestPicture, hasMasks: Bool, with trials: inout [Trial]
    ) throws(EvaluationError) {
        let file = Picture(.file, bytes: try read(picture.path))
        var views: [View] = []
        let mask = try picture.maskPath.map(readMask)
        for index in trials.indices where trials[index].tests(picture) {
            let view: View
            if let made = views.first(where: { $0.suits(trials[index].model) }) {
                view = made
            } else {
                view = try self.view(of: file, for: trials[index], path: picture.path)
                views.append(view)
            }
            let start = now()
            let scoreMap = trials[index].model.score(view.features, parallelism: parallelism)
            trials[index].add(
                scoreMap, view.features, of: picture, size: view.size, time: view.time + now() - start, parallelism)
            if let mask {
                let size = PixelSize(height: mask.height, width: mask.width)
                trials[index].addPixels(scoreMap, size: size, mask: mask.foreground)
            } else if hasMasks, picture.defect == nil {
                trials[index].addPixels(scoreMap, size: view.size, mask: nil)
            }
        }
    }

    private func view(of file: Picture, for trial: Trial, path: String) throws(EvaluationError) -> View {
        let start = now()
        do throws(ImageError) {
            let size = try file.size()
            let image = try settings.area.image(of: file, inputSize: trial.model.pictureSide)
            let features = trial.model.features(of: image, by: trial.extractor)
            return View(
                model: trial.model, features: features,
                size: PixelSize(height: size.height, width: size.width), time: now() - start)
        } catch {
            throw .picture(path: path, error)
        }
    }

    private func read(_ path: String) throws(EvaluationError) -> [UInt8] {
        do throws(ImageError) {
            return try ImageFile.read(path: path)
        } catch {
            throw .picture(path: path, error)
        }
    }

    private func readMask(_ path: String) throws(EvaluationError) -> Image {
        let bytes = try read(path)
        do throws(ImageError) {
            return try Image(decoding: bytes)
        } catch {
            throw .picture(path: path, error)
        }
    }
}

/// What the models that look at a picture alike share.
private struct View {
    /// The first that looked at it.
    let model: FittedModel
    let features: Features
    /// Of the picture's file.
    let size: PixelSize
    /// Decoding and embedding.
    let time: Duration

    func suits(_ other: FittedModel) -> Bool { model.seesAlike(other) }
}

extension FewShotProtocol {
    /// What each plan's run depends on; nil without a cache.
    private func keys(of set: DataSet, _ plans: [Plan]) throws(EvaluationError) -> [EvaluationCache.Key]? {
        guard var key = cache?.1 else { return nil }
        var pictures: [[String]] = []
        for picture in set.test {
            let mask = try picture.maskPath.map { path throws(EvaluationError) in try digest(path) }
            pictures.append([picture.file, try digest(picture.path), mask ?? ""])
        }
        key.hasAnomalies = !remembersFeatures
        var keys: [EvaluationCache.Key] = []
        for plan in plans {
            let untested = [plan.outlier?.file].compactMap(\.self) + (plan.stream?.defective.map(\.file) ?? [])
            key.pictures = pictures.filter { !untested.contains($0[0]) }
            var stream: [String] = []
            for path in plan.stream?.paths ?? [] { stream.append(try digest(path)) }
            key.stream = stream
            var shots: [String] = []
            for path in plan.allPaths { shots.append(try digest(path)) }
            key.shots = shots
            keys.append(key)
        }
        return keys
    }

    private func digest(_ path: String) throws(EvaluationError) -> String {
        hexadecimal(SHA256.digest(of: try read(path)))
    }

    private func keep(_ run: EvaluationRun, _ key: EvaluationCache.Key) {
        guard let cache = cache?.0 else { return }
        do {
            try cache.keep(run, key)
        } catch {
            warn("evaluation cache: \(cache.directory): a run cannot be kept: \(ErrorWords.of(error))")
        }
    }
}

extension Image {
    /// Where a mask is not black.
    fileprivate var foreground: [Bool] {
        (0..<height * width).map { pixels[$0 * 3] > 0 || pixels[$0 * 3 + 1] > 0 || pixels[$0 * 3 + 2] > 0 }
    }
}
