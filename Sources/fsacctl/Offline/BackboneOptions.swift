import ArgumentParser
import Core
import Foundation
import Platform

/// Where weights are looked up. The daemon's configuration is not read: `./models` is what `make weights` leaves in a
/// source tree, the last is the package's.
struct ModelsDirectoryOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The models directory (default: $FSAC_MODELS, else ./models if there is one, else /usr/share/fsac/models).",
            valueName: "dir"),
        completion: .directory)
    var models: String?

    var directory: ModelsDirectory {
        models.map(ModelsDirectory.init) ?? .resolve(environment: ProcessInfo.processInfo.environment)
    }
}

/// The options of every offline command that runs a backbone. Defaults are those of the daemon's configuration, so that
/// a score on the desk is the score on the line.
struct BackboneOptions: ParsableArguments {
    @Option(
        help: "The backbone: a name that `model list` shows, several joined by +, or a folder or file of weights.")
    var backbone = "fsac-vit-small+efficientnet-lite0"

    @Option(help: "Weights to use instead of those of that name.", completion: .file())
    var weights: String?

    @Option(help: "Side of the square network input, in pixels (default: the backbone's).")
    // Held against the backbone once that is loaded, see `check(inputSize:of:)`.
    var size: Int?

    @Option(help: "auto: DINOv2's kind in 8-bit integers, EfficientNet in 16-bit ones, with AVX2; float32: nothing.")
    var precision = Precision.auto

    @Option(help: "Threads to compute with.")
    var threads = 2

    @OptionGroup var models: ModelsDirectoryOption

    func validate() throws {
        guard (1...64).contains(threads) else { throw ValidationError("--threads: expected 1 to 64, got \(threads)") }
    }

    var parallelism: Parallelism { Parallelism(threads: threads) }

    /// Of a line with as many threads.
    var stopwatch: InspectionStopwatch {
        InspectionStopwatch(threads: threads, line: threads, milliseconds: ThreadTime.milliseconds)
    }

    /// Reads and verifies the weights: some seconds for a large CLIP.
    ///
    /// - Parameter precision: another one than was asked for.
    func load(precision: Precision? = nil) throws(WeightsError) -> BackboneModel {
        try BackboneModel.load(
            weights ?? backbone, modelsDirectory: models.directory, precision: precision ?? self.precision)
    }

    /// - Parameter method: one that joins several stages by itself has a larger default.
    func inputSize(for model: BackboneModel, method: (any Method)? = nil) -> Int {
        size ?? (method?.needs.stages == true ? model.autoInputSize : model.defaultInputSize)
    }

    /// - Throws: `ValidationError`: it is what was typed that does not fit, though only the weights can tell.
    func check(inputSize: Int, of model: BackboneModel) throws {
        guard model.accepts(inputSize: inputSize) else {
            throw ValidationError(
                "\(model.name): expected an input size that is a multiple of \(model.inputMultiple) up to 1024, got \(inputSize)"
            )
        }
    }
}

extension Precision: ExpressibleByArgument {}

/// Comma-separated integers on the command line: `1,4`. One argument, so that it cannot swallow the pictures behind it.
struct IntegerList: ExpressibleByArgument {
    let values: [Int]

    init(values: [Int]) { self.values = values }

    init?(argument: String) {
        var values: [Int] = []
        // `1,,4` is a slip, no list of two.
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Int(word) else { return nil }
            values.append(value)
        }
        self.values = values
    }

    var defaultValueDescription: String { values.isEmpty ? "none" : values.map(String.init).joined(separator: ",") }
}
