import ArgumentParser
import Core
import Foundation
import Platform

/// `fsacctl model`: the weights that backbones are made of. Not `fsacctl models`, what a recipe was fitted to.
///
/// They work on a folder, not on the daemon, which reads weights when it starts or is told to reload.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Fetch, import, verify and list the weights of backbones.",
        subcommands: [ModelPull.self, ModelImport.self, ModelVerify.self, ModelList.self])
}

/// The options that every `model` subcommand has.
struct ModelOptions: ParsableArguments {
    @OptionGroup var models: ModelsDirectoryOption

    @Flag(help: "Print JSON.")
    var json = false

    var directory: ModelsDirectory { models.directory }
}

/// What `list` and `verify` say of one model.
struct ModelReport: Encodable {
    var name: String
    var architecture: String?
    var source: String?
    var licence: String?
    /// Bytes of the safetensors file; nil when it is missing.
    var bytes: Int?
    var sha256: String?
    /// Digest, names, shapes and finiteness of all numbers are right.
    var verified: Bool
    /// Why not.
    var problem: String?

    /// Reads the whole model: some seconds for gigabytes. Only all of its bytes have the digest.
    init(name: String, in directory: ModelsDirectory) {
        self.name = name
        // A missing file is told by the loader below, in words.
        let attributes = try? FileManager.default.attributesOfItem(atPath: directory.weightsPath(name))
        bytes = (attributes?[.size] as? NSNumber)?.intValue
        do throws(WeightsError) {
            // The sidecar is shown even when the weights behind it are damaged.
            let sidecar = try directory.sidecar(name)
            architecture = sidecar.architecture.rawValue
            source = sidecar.source
            licence = sidecar.licence
            sha256 = sidecar.sha256
            try ModelWeights.load(name, modelsDirectory: directory).verify()
            verified = true
        } catch {
            verified = false
            problem = "\(error)"
        }
    }
}

/// How every command but `history` and `tail` prints JSON: one value, indented, keys sorted, so that two outputs can be
/// compared line by line.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // The encoder escapes what is below U+0020; the other control characters stand only in texts, where JSON may escape any.
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    var json = ""
    for scalar in text.unicodeScalars {
        if scalar != "\n", PrintableText.isControl(scalar) {
            json += String(format: "\\u%04x", scalar.value)
        } else {
            json.unicodeScalars.append(scalar)
        }
    }
    Terminal.write(json: Array(json.utf8))
}
