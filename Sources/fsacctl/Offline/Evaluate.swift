import ArgumentParser
import Core
import Foundation

/// `fsacctl evaluate`: what `docs/accuracy.md` is made with, and what tells on one's own pictures whether the method
/// will do.
///
/// Nothing is printed before all is done, which may take hours; finished runs are in the cache, so an interrupted
/// command is repeated and goes on.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure accuracy and speed on a data set with known defects.",
        discussion: """
            DIR is in MVTec AD's layout (train/good, test/good, test/<defect>, optional ground_truth/<defect>/<stem>_mask.png), \
            or holds such folders. Seed s with k shots takes the pictures s*k to (s+1)*k - 1 of train/good, sorted by name. The \
            limit is chosen from the shots alone. Finished runs are kept in a cache, so that a repeated run is quick; another \
            build of the program, other weights, settings or pictures make another run.
            """)

    @Argument(help: "The data set, or a folder of data sets.", completion: .directory)
    var directory: String

    @Option(help: "Numbers of shots to try, with commas.")
    // One is what can always be had; four are what the README recommends.
    var shots = IntegerList(values: [1, 4])

    @Option(help: "How many choices of shots to try for each number.")
    var seeds = 1

    @Flag(help: "Try fewer choices of shots where train/good has too few pictures, instead of refusing.")
    var fewerSeeds = false

    @Option(help: "Test at most this many good and this many defective pictures, drawn by lot.")
    var pictures: Int?

    @Option(help: "Another number draws other test pictures.")
    var pictureSeed = 0

    @Option(
        help: ArgumentHelp(
            "Also try each choice of shots with a defective test picture as one more shot, with this many in turn, drawn by lot.",
            valueName: "n"))
    var outliers = 0

    @Option(
        help: ArgumentHelp(
            "Teach each model by this many parts of a running line: the last pictures of train/good that are no shots.",
            valueName: "n"))
    var stream: Int?

    @Option(
        help: ArgumentHelp(
            "Of the parts of --stream, the share that is defective: evenly spaced over the defective test pictures, which are no test then.",
            valueName: "share"))
    var defective = 0.05

    @Option(
        help: ArgumentHelp(
            "All defects of --stream are of this kind, which then repeats on the line: a folder of test.",
            valueName: "folder"))
    var defect: String?

    @OptionGroup var backbone: BackboneOptions
    @OptionGroup var method: MethodOptions
    @OptionGroup var cacheOptions: EvaluationCacheOptions
    @OptionGroup var output: EvaluationOutputOptions

    func validate() throws {
        guard !shots.values.isEmpty, shots.values.allSatisfy({ (1...1000).contains($0) }) else {
            throw ValidationError("--shots: expected numbers from 1 to 1000, got \(shots.defaultValueDescription)")
        }
        guard Set(shots.values).count == shots.values.count else {
            throw ValidationError("--shots: expected each number once, got \(shots.defaultValueDescription)")
        }
        guard (1...1000).contains(seeds) else { throw ValidationError("--seeds: expected 1 to 1000, got \(seeds)") }
        guard outliers >= 0 else { throw ValidationError("--outliers: expected 0 or more, got \(outliers)") }
        if outliers > 0, output.report != nil { throw ValidationError("--outliers and --report exclude each other") }
        if let stream {
            guard (StreamLimits.fewest...StreamLimits.parts).contains(stream) else {
                throw ValidationError(
                    "--stream: expected \(StreamLimits.fewest) to \(StreamLimits.parts) parts, got \(stream)")
            }
            guard method.method.base.name == "auto" else {
                throw ValidationError(
                    "--stream: expected method auto, got \(method.method.base.name): it cannot be taught")
            }
            if outliers > 0 || output.report != nil {
                throw ValidationError("--stream excludes --outliers and --report")
            }
        }
        guard (0...0.5).contains(defective) else {
            throw ValidationError("--defective: expected 0 to 0.5, got \(defective)")
        }
        if defect != nil, stream == nil { throw ValidationError("--defect: expected --stream with it") }
        if let pictures, pictures < 1 { throw ValidationError("--pictures: expected 1 or more, got \(pictures)") }
    }

    func run() throws {
        // The data sets come first: what is wrong with them shows before weights are read.
        let draw = pictures.map { PictureDraw(count: $0, seed: pictureSeed) }
        var work: [(set: DataSet, plans: [FewShotProtocol.Plan])] = []
        for set in try DataSet.readAll(in: directory) {
            let plans = try FewShotProtocol.plans(
                of: set, shotCounts: shots.values, seeds: seeds, takingFewer: fewerSeeds)
            // The draw is of test pictures only: shots are always those of the protocol.
            let tested = draw?.applied(to: set) ?? set
            if let stream {
                // Of the whole set: which parts teach does not hang on the draw.
                let taught = try FewShotProtocol.withStream(
                    plans, of: set, count: stream, defects: defective, kind: defect)
                work.append((tested, taught))
            } else {
                work.append(
                    (tested, outliers == 0 ? plans : FewShotProtocol.withOutliers(plans, outliers, of: tested)))
            }
        }
        try output.prepare()
        let model = try backbone.load()
        let inputSize = backbone.inputSize(for: model, method: method.method.base)
        try backbone.check(inputSize: inputSize, of: model)
        let identity = model.identity(inputSize: inputSize)
        let settings = try method.settings(for: model, inputSize: backbone.size)
        let evaluation = Evaluation(
            backbone: identity, settings: settings, threads: backbone.parallelism.threads, draw: draw,
            results: try results(of: work, try protocolOf(model, identity, settings)))
        try output.write(evaluation, of: work.map(\.set), in: directory)
    }

    private func protocolOf(
        _ model: BackboneModel, _ identity: BackboneIdentity, _ settings: MethodSettings
    ) throws -> FewShotProtocol {
        // Core has no clock of its own.
        let clock = ContinuousClock()
        let start = clock.now
        let cache = try cacheOptions.cache(
            // The number of threads, because sums in another order are other numbers.
            backbone: identity, settings: settings, threads: backbone.parallelism.threads)
        return FewShotProtocol(
            extractors: ExtractorSource(
                model, parallelism: backbone.parallelism, textCache: EvaluationCacheOptions.textCache),
            settings: settings,
            // A cache that cannot be written costs time later, nothing now.
            parallelism: backbone.parallelism, cache: cache, remembersFeatures: outliers > 0, warn: Terminal.complain,
            stopwatch: backbone.stopwatch
        ) {
            start.duration(to: clock.now)
        }
    }

    private func results(
        of work: [(set: DataSet, plans: [FewShotProtocol.Plan])], _ evaluation: FewShotProtocol
    ) throws -> [ShotEvaluation] {
        let total = work.map(\.plans.count).reduce(0, +)
        let progress = ProgressBar("evaluating", total: Double(total), unit: "runs")
        defer { progress.finish() }
        var results: [ShotEvaluation] = []
        var done = 0
        for (set, plans) in work {
            let before = Double(done)
            results += try evaluation.evaluate(set, plans: plans) { progress.update(before + $0) }
            done += plans.count
        }
        return results
    }
}
