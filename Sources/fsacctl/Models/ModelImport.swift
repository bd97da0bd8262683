import ArgumentParser
package import Core

/// `fsacctl model import`: what others publish, made into what a daemon loads: one safetensors file whose digest its
/// sidecar names.
struct ModelImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Convert a weight file or a folder into the models directory.",
        discussion: """
            Reads PyTorch checkpoints (without running any code in them), ONNX models and safetensors files. All tensors of \
            the architecture must be there; others are left out.

            A CLIP is a folder in OpenCLIP's layout (open_clip_model.safetensors or open_clip_pytorch_model.bin, or one .pt \
            file; open_clip_config.json) or Hugging Face's (model.safetensors or pytorch_model.bin; config.json, \
            preprocessor_config.json), with its vocabulary: bpe_simple_vocab_16e6.txt.gz, merges.txt or tokenizer.json. Half \
            precision and bfloat16 stay as they are. Needs no network.

            AA-CLIP's adapters are the files that its code writes: image_adapter_<epoch>.pth and text_adapter.pth, both given.
            """)

    @Argument(
        help: "The weight file (.pth, .pt, .bin, .onnx or .safetensors), or the model's folder.", completion: .file())
    var file: String

    @Argument(help: "The second file of AA-CLIP's adapters.", completion: .file())
    var second: String?

    @Option(help: "The model's name in the models directory.")
    var name: String

    @Option(help: "The architecture (default: recognised by the file's tensors).")
    var architecture: WeightArchitecture?

    @Option(help: "Where the weights come from (default: the file's name).")
    var source: String?

    @Option(help: "The weights' licence.")
    var licence = "unknown"

    @OptionGroup var options: ModelOptions

    /// What came of it, with the names of the tensors that were left out: the text has their number only.
    private struct Report: Encodable {
        var path: String
        var sidecar: WeightsSidecar
        var leftOut: [String]

        enum CodingKeys: String, CodingKey {
            case path, sidecar
            case leftOut = "left_out"
        }
    }

    func run() throws {
        let outcome = try outcome()
        if options.json {
            try printJSON(Report(path: outcome.path, sidecar: outcome.sidecar, leftOut: outcome.leftOut))
        } else {
            Terminal.line(
                "\(outcome.path): \(outcome.sidecar.architecture.rawValue), sha-256 \(outcome.sidecar.sha256)")
            if !outcome.leftOut.isEmpty {
                Terminal.line("left out \(outcome.leftOut.count) tensors that the network does not need")
            }
        }
    }
}

extension ModelImport {
    private func outcome() throws(WeightsError) -> WeightsImport.Outcome {
        let files = [file] + (second.map { [$0] } ?? [])
        // Two files of which neither is a model by itself: recognised before anything is asked of one alone.
        let isAdapters = architecture.map { $0 == .aaClipAdapters } ?? AAClipCheckpoint.holds(files)
        guard isAdapters || second != nil else {
            return try WeightsImport(
                file: file, name: name, architecture: architecture, source: source ?? file, licence: licence,
                directory: options.directory
            ).run()
        }
        return try AAClipCheckpoint.importing(
            files, name: name, source: source ?? files.joined(separator: ", "), licence: licence,
            into: options.directory)
    }
}

extension WeightArchitecture: ExpressibleByArgument {}
