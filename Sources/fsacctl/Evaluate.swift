import ArgumentParser
import Core
import Foundation

/// `fsacctl evaluate`
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure accuracy and speed on a data set with known defects.",
        discussion: """
            DIR is in MVTec AD's layout (train/good, test/good, test/<defect>, optional ground_truth/<defect>/<stem>_mask.png), \
            or holds such folders. Seed s with k shots takes the pictures s*k to (s+1)*k - 1 of train/good, sorted by name. The \
            limit is chosen from the shots alone.
            """)

    @Argument(help: "The data set, or a folder of data sets.", completion: .directory)
    var directory: String

    @Option(help: "Numbers of shots to try, with commas.")
    var shots = IntegerList(values: [1, 4])

    @Option(help: "How many choices of shots to try for each number.")
    var seeds = 1

    @OptionGroup var backbone: BackboneOptions
    @OptionGroup var method: MethodOptions

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        let backbone: BackboneIdentity
        let method: PatchMemoryMethod
        let settings: PatchMemorySettings
        let threads: Int
        let results: [ShotEvaluation]
    }

    func validate() throws {
        guard !shots.values.isEmpty, shots.values.allSatisfy({ (1...1000).contains($0) }) else {
            throw ValidationError("--shots: expected numbers from 1 to 1000, got \(shots.defaultValueDescription)")
        }
        guard (1...1000).contains(seeds) else { throw ValidationError("--seeds: expected 1 to 1000, got \(seeds)") }
    }

    func run() throws {
        let sets = try DataSet.readAll(in: directory)
        for set in sets {
            for count in shots.values { _ = try set.shots(count, seed: seeds - 1) }
        }
        let model = try backbone.load()
        let inputSize = backbone.inputSize(for: model)
        try backbone.check(inputSize: inputSize, of: model)
        let settings = try method.settings(for: model)
        let extractor = FeatureExtractor(model, inputSize: inputSize, parallelism: backbone.parallelism)
        let clock = ContinuousClock()
        let start = clock.now
        let evaluation = FewShotProtocol(extractor: extractor, settings: settings, parallelism: backbone.parallelism) {
            start.duration(to: clock.now)
        }
        let progress = ProgressBar()
        var results: [ShotEvaluation] = []
        for set in sets {
            results += try evaluation.evaluate(set, shotCounts: shots.values, seeds: seeds) {
                progress.show(set.name, $0)
            }
            progress.clear()
        }
        if json {
            try printJSON(
                Report(
                    backbone: extractor.identity, method: method.method, settings: settings,
                    threads: backbone.parallelism.threads, results: results))
        } else {
            let layers = settings.layers.map(String.init).joined(separator: ",")
            print("\(model.name) at \(inputSize), layers \(layers), \(settings.rotations) rotations, \(seeds) seeds")
            print(Table(header: Self.header, rows: results.map(Self.row)).text)
        }
    }

    private static let columns: [(title: String, metric: EvaluationMetric)] = [
        ("I-AUROC", .imageAUROC), ("I-AUPR", .imageAUPR), ("F1-max", .f1Max), ("P-AUROC", .pixelAUROC), ("AUPRO", .aupro),
        ("limit", .limit), ("false rej.", .falseRejectRate), ("escapes", .escapeRate), ("ms/image", .millisecondsPerImage),
    ]

    private static let header = ["set", "shots"] + columns.map(\.title)

    private static func row(_ result: ShotEvaluation) -> [String] {
        [result.set, "\(result.shots)"]
            + columns.map { column in
                guard let mean = result.mean[column.metric] else { return "-" }
                let digits = column.metric == .millisecondsPerImage ? 1 : 3
                guard result.runs.count > 1, let deviation = result.deviation[column.metric] else {
                    return String(format: "%.\(digits)f", mean)
                }
                return String(format: "%.\(digits)f ±%.\(digits)f", mean, deviation)
            }
    }
}

/// The methods that turn features into scores.
enum PatchMemoryMethod: String, ExpressibleByArgument, Encodable, CaseIterable {
    case patchMemory = "patch_memory"
}

/// The options of every offline command that fits a model.
struct MethodOptions: ParsableArguments {
    @Option(help: "The method.")
    var method = PatchMemoryMethod.patchMemory

    @Option(help: "Layers of the backbone to join, with commas (default: the backbone's).")
    var layers: IntegerList?

    @Option(help: "Turned copies of each shot to learn: 1 (none), 2, 4 or 8.")
    var rotations: Int?

    @Option(help: "Patches to keep, at most; 0 keeps all.")
    var coreset: Int?

    @Flag(inversion: .prefixedNo, help: "Average each feature with its neighbours (default: --local-averaging).")
    var localAveraging: Bool?

    @Option(help: "How patches' distances make the picture's score: top_percent or maximum.")
    var aggregation: PatchMemorySettings.Aggregation?

    @Option(help: "Standard deviation of the anomaly map's smoothing, in patches.")
    var smoothing: Float?

    @Option(help: "The share of good parts that the limit is meant to reject.")
    var targetFalseRejectRate: Double?

    func settings(for model: BackboneModel) throws -> PatchMemorySettings {
        var settings = PatchMemorySettings(layers: layers?.values ?? model.defaultLayers)
        if let rotations { settings.rotations = rotations }
        if let coreset { settings.coresetBudget = coreset }
        if let localAveraging { settings.localAveraging = localAveraging }
        if let aggregation { settings.aggregation = aggregation }
        if let smoothing { settings.smoothing = smoothing }
        if let targetFalseRejectRate { settings.targetFalseRejectRate = targetFalseRejectRate }
        if let problem = settings.problem(layerCount: model.layerCount) { throw ValidationError("--" + problem) }
        return settings
    }
}

extension PatchMemorySettings.Aggregation: @retroactive ExpressibleByArgument {}
