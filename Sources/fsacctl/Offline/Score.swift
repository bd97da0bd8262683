import ArgumentParser
import Core

/// `fsacctl score`: what the line would say of pictures, on the desk.
///
/// The same model, area, score and regions as in the daemon, but none of its guards: a dark picture is scored, not
/// INVALID, and a shift of the scene is told beside the verdict. All or nothing: a picture that cannot be scored ends
/// it without a table.
struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score pictures without the daemon.",
        discussion: """
            The model is fitted to the shots that are given, or is a generation that was fitted before (a folder with \
            model.json). Exit codes: 0 every picture is scored, whatever its verdict; 1 otherwise.
            """)

    @Argument(help: "The pictures.", completion: .file())
    var images: [String]

    @Option(parsing: .upToNextOption, help: "Normal pictures to fit a model to.", completion: .file())
    // Up to the next option, so that a shell's pattern works: the pictures go before it.
    var shots: [String] = []

    @Option(help: "The folder of a fitted model.", completion: .directory)
    var model: String?

    @Option(
        help:
            "A folder to write heat maps into, as <name>.heatmap.png. Pictures of one name have their folders' names before it.",
        completion: .directory)
    var heatmap: String?

    @Option(help: "The limit to judge by (default: the model's).")
    var limit: Float?

    @OptionGroup var backbone: BackboneOptions
    @OptionGroup var method: MethodOptions

    @Flag(help: "Print JSON.")
    var json = false

    /// One picture of `--json`; names as in the journal.
    private struct Report: Encodable {
        let image: String
        let score: Float
        let limit: Float
        let verdict: String
        /// What of the picture as a whole is not as in the shots, in words.
        let sceneShift: String?
        let regions: [Region]
        let heatmap: String?

        enum CodingKeys: String, CodingKey {
            case image, score, limit, verdict, regions, heatmap
            case sceneShift = "scene_shift"
        }
    }

    func validate() throws {
        guard shots.isEmpty != (model == nil) else {
            throw ValidationError("expected either --shots FILE... or --model DIR")
        }
        guard limit?.isFinite ?? true else { throw ValidationError("--limit: expected a finite number") }
    }

    func run() throws {
        let heatMapPaths = heatmap.map { HeatMapNames.paths(of: images, in: $0) } ?? [:]
        let (fitted, extractor) = try model.map(load) ?? fit()
        // The model itself stays: its scores do not depend on the limit.
        let judge = limit.map { fitted.withLimit($0) } ?? fitted
        let scene = fitted.scene.map(SceneMonitor.init)
        var reports: [Report] = []
        let progress = ProgressBar("scoring", total: Double(images.count), unit: "images")
        defer { progress.finish() }
        for path in images {
            reports.append(try report(path, heatMapPaths[path], judge, extractor, scene))
            progress.update(Double(reports.count))
        }
        // Away before the table, which may go to the same terminal.
        progress.finish()
        if json { try printJSON(reports) } else { show(reports, judge.calibration) }
    }

    /// What cannot be written or read shows now.
    private func checkFiles() throws {
        if let heatmap { try OutputFile.makeFolder(heatmap) }
        for path in images { _ = try Picture(.file, bytes: try ImageFile.read(path: path)).size() }
    }

    private func fit() throws -> (FittedModel, FeatureExtractor) {
        let model = try backbone.load()
        try backbone.check(inputSize: backbone.inputSize(for: model), of: model)
        let extractors = ExtractorSource(
            model, parallelism: backbone.parallelism, textCache: EvaluationCacheOptions.textCache)
        let settings = try method.settings(for: model, inputSize: backbone.size)
        // Before the fit, which takes a while, and behind what is wrong with the options.
        try checkFiles()
        let shots = try shots.map { path in
            try Shot(picture: Picture(.file, bytes: try ImageFile.read(path: path)), area: settings.area)
        }
        let progress = ProgressBar("fitting")
        defer { progress.finish() }
        let fitted = try FittedModel.fit(
            shots: shots, extractors: extractors, settings: settings, stopwatch: backbone.stopwatch,
            parallelism: backbone.parallelism, progress: progress.update)
        return (fitted, extractors.extractor(inputSize: fitted.backbone.inputSize))
    }

    /// A saved model with the backbone that it was fitted with: the daemon's folder of a generation, or a copy of it.
    /// What its settings say holds; options of the method are not asked.
    private func load(_ directory: String) throws -> (FittedModel, FeatureExtractor) {
        try checkFiles()
        let fitted = try FittedModel.load(from: directory)
        let model = try BackboneModel.load(
            backbone.weights ?? fitted.backbone.name, modelsDirectory: backbone.models.directory,
            precision: fitted.backbone.precision == nil ? .float32 : .auto)
        let extractors = ExtractorSource(
            model, parallelism: backbone.parallelism, textCache: EvaluationCacheOptions.textCache)
        // Held against the digest: weights of the same name would give other features, and the scores would look like
        // scores.
        guard model.reducedPrecision == fitted.backbone.precision else {
            throw ClientError.file(
                path: directory, reason: "fitted with \(fitted.backbone), which only processors with AVX2 compute")
        }
        guard extractors.serves(fitted) else {
            throw ClientError.file(
                path: directory,
                reason: "expected the backbone \(fitted.backbone.name) with sha-256 \(fitted.backbone.sha256), "
                    + "got \(model.sha256): name the weights with --weights")
        }
        return (fitted, extractors.extractor(inputSize: fitted.backbone.inputSize))
    }

    private func report(
        _ path: String, _ heatMapPath: String?, _ model: FittedModel, _ extractor: FeatureExtractor,
        _ scene: SceneMonitor?
    ) throws -> Report {
        let picture = Picture(.file, bytes: try ImageFile.read(path: path))
        let (height, width) = try picture.size()
        guard model.accepts(height: height, width: width) else {
            throw ClientError.file(
                path: path, reason: "the model inspects a region of frames of another size, got \(width) x \(height)")
        }
        let area = model.settings.area
        let image = try area.image(of: picture, inputSize: model.pictureSide)
        let features = model.features(of: image, by: extractor)
        guard model.accepts(features) else {
            throw ClientError.file(path: path, reason: "the model's settings do not fit its backbone")
        }
        let scoreMap = model.score(features, parallelism: backbone.parallelism)
        let anomalyMap = model.anomalyMap(of: scoreMap, height: height, width: width)
        let regions = model.regions(in: anomalyMap, imageScore: scoreMap.imageScore)
        let limit = model.calibration.limit
        if let heatMapPath {
            // Of the whole picture; `image` above is only as large as the network needs, and of the area.
            let heatMap = try picture.image()
                .withHeatMap(anomalyMap: anomalyMap, limit: limit, regions: regions, area: area)
            try OutputFile.write(heatMap.pngBytes(), to: heatMapPath)
        }
        return Report(
            image: path, score: scoreMap.imageScore, limit: limit,
            verdict: scoreMap.imageScore.isReject(at: limit) ? "NG" : "OK",
            sceneShift: scene?.shift(of: image)?.description, regions: regions, heatmap: heatMapPath)
    }

    ///     IMAGE     VERDICT   SCORE  REGIONS
    ///     good.jpg  OK       0.9120        0
    ///     blot.jpg  NG       3.4410        1
    ///
    /// Below it the shifts of the scene and what the limit rests on: without that a verdict says less than it seems to.
    private func show(_ reports: [Report], _ calibration: Calibration) {
        var table = Table("IMAGE", "VERDICT", ">SCORE", ">REGIONS")
        for report in reports {
            table.add(
                report.image, report.verdict,
                Format.score(report.score), "\(report.regions.count)")
        }
        Terminal.write(table.text)
        for report in reports {
            if let shift = report.sceneShift { Terminal.line("\(report.image): the scene has shifted: \(shift)") }
        }
        let origin =
            calibration.origin == .manual
            ? "limit \(Format.score(calibration.limit)), set by hand" : calibration.evidence.text
        Terminal.line(origin)
    }
}
