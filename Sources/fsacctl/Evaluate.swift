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
        let method: Method
        let settings: MethodSettings
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
        let extractor = try backbone.extractor(of: model)
        let settings = try method.settings(for: model, inputSize: extractor.identity.inputSize)
        let clock = ContinuousClock()
        let start = clock.now
        let evaluation = FewShotProtocol(extractor: extractor, settings: settings, parallelism: backbone.parallelism) {
            start.duration(to: clock.now)
        }
        var results: [ShotEvaluation] = []
        for set in sets {
            let progress = ProgressBar(set.name)
            defer { progress.finish() }
            results += try evaluation.evaluate(set, shotCounts: shots.values, seeds: seeds, progress: progress.update)
        }
        if json {
            try printJSON(
                Report(
                    backbone: extractor.identity, method: method.method, settings: settings,
                    threads: backbone.parallelism.threads, results: results))
        } else {
            let layers = settings.layers.map(String.init).joined(separator: ",")
            print(
                "\(model.name) at \(extractor.identity.inputSize), layers \(layers), \(settings.rotations) rotations, \(seeds) seeds"
            )
            var table = Table("SET", ">SHOTS")
            table.columns += Self.columns.map { Table.Column(heading: $0.heading, alignment: .right) }
            table.rows = results.map(Self.row)
            print(table.text, terminator: "")
        }
    }

    private static let columns: [(heading: String, metric: EvaluationMetric)] = [
        ("I-AUROC", .imageAUROC), ("I-AUPR", .imageAUPR), ("F1-MAX", .f1Max), ("P-AUROC", .pixelAUROC),
        ("AUPRO", .aupro),
        ("LIMIT", .limit), ("FALSE REJECTS", .falseRejectRate), ("ESCAPES", .escapeRate),
        ("MS/IMAGE", .millisecondsPerImage),
    ]

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
