import ArgumentParser
import ControlClient
import Core
import Foundation
import Glibc
import Platform
import Synchronization

/// `fsacctl model pull`: fetch, then import. The only command that uses the network, and only when asked.
///
/// Everything is fetched into a folder that no loader looks into, and is there whole and right before the import
/// begins: however a download ends, the installed models are as they were.
struct ModelPull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch a model's files and import them.",
        discussion: """
            Models that are known by name: \(PublishedModel.all.map(\.name).joined(separator: ", ")) (docs/clip.md has their \
            origins and licences). Any other model by --url, once a file: weights, configuration and vocabulary; the last \
            component of an address is the file's name.

            A cut download goes on where it was cut, also in a later run. What OpenCLIP publishes is held against the eight \
            digits of its SHA-256 that are in the file's name, and for the others no digest is known beforehand: --sha256 \
            pins the weight file.

            HTTPS_PROXY, http_proxy (in small letters only) and NO_PROXY are followed; FSAC_MODEL_MIRROR \
            (https://mirror.example/models) takes the place of every server. Behind an air gap, fetch the files elsewhere \
            and use `fsacctl model import`.

            Exit codes: 0 installed; 1 refused, damaged or cut short; 64 wrong usage; 69 the server cannot be reached.
            """)

    @Argument(help: "A known model, or with --url the name that it shall have.")
    var name: String

    @Option(name: .customLong("url"), help: "The address of one of the model's files; once for each.")
    var urls: [String] = []

    @Option(name: .customLong("sha256"), help: "SHA-256 of the weight file as it is published, 64 hexadecimal digits.")
    var digest: String?

    @Option(
        name: .customLong("as"), help: "The model's name in the models directory (default: the name it is known by).")
    var modelName: String?

    @Option(help: "The weights' licence (default: that of the known model).")
    var licence: String?

    @OptionGroup var options: ModelOptions

    func run() async throws {
        let model = try model()
        let target = modelName ?? name
        let directory = options.directory
        // Whoever gives addresses or a digest wants these very bytes, whatever is there.
        if urls.isEmpty, digest == nil, let sidecar = installed(target, in: directory) {
            return try report("already there", sidecar, directory)
        }
        let folder = directory.path + "/.pull-" + target
        do throws(DiskError) {
            try Disk().createFolder(folder, mode: 0o755)
        } catch {
            throw PullError.file(path: error.path, reason: ErrnoText.describe(error.errno))
        }
        // Two pulls of one model would write the same file by turns.
        let lock = try lock(folder)
        defer { close(lock) }
        try await fetch(model, into: folder)
        let outcome: WeightsImport.Outcome
        do throws(WeightsError) {
            outcome = try WeightsImport(
                file: folder, name: target, architecture: nil, source: model.source, licence: licence ?? model.licence,
                directory: directory
            ).run()
        } catch {
            // The folder stays: gigabytes are not fetched again for a configuration that is missing.
            throw PullError.notImported(error, folder: folder)
        }
        // A folder that stays is in nobody's way: no loader looks there.
        try? FileManager.default.removeItem(atPath: folder)
        try report("installed", outcome.sidecar, directory)
    }

    private func model() throws -> PublishedModel {
        if let digest, digest.count != 64 || !digest.allSatisfy(\.isHexDigit) { throw PullError.badDigest(digest) }
        guard !urls.isEmpty else {
            guard let model = PublishedModel.named(name) else { throw PullError.unknownModel(name: name) }
            return model
        }
        var files: [PublishedModel.File] = []
        for text in urls {
            // Before the first byte: a wrong address is found out at once, not after the weights.
            guard let url = URL(string: text), ModelMirror.isWeb(url) else {
                throw PullError.badURL(text, reason: "something else")
            }
            // It becomes a name in the folder: nothing hidden, nothing outside, nothing twice.
            let file = url.lastPathComponent
            guard !file.isEmpty, !file.hasPrefix("."), !file.contains("/"), !files.contains(where: { $0.name == file })
            else { throw PullError.badURL(text, reason: "`\(file)` as the name of a file, or the same name twice") }
            files.append(.init(url: text, name: file))
        }
        return PublishedModel(
            name: name, source: urls.joined(separator: " "), licence: "unknown", files: files, sha256Prefix: nil,
            megabytes: 0)
    }

    /// A model of that name whose weights are those of its sidecar. The digest is of the whole file; of a CLIP the
    /// vocabulary is not read.
    private func installed(_ name: String, in directory: ModelsDirectory) -> WeightsSidecar? {
        // Whatever is wrong with what is there, it is fetched anew.
        try? ModelWeights.load(name, modelsDirectory: directory, towers: .image).sidecar
    }

    /// The lock is the kernel's and ends with the process, however it ends: none is ever left behind.
    private func lock(_ folder: String) throws -> Int32 {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PullError.file(path: folder, reason: String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw PullError.busy(folder: folder)
        }
        return descriptor
    }

    private func fetch(_ model: PublishedModel, into folder: String) async throws {
        let mirror = try ModelMirror(environment: ProcessInfo.processInfo.environment)
        do {
            // One after the other; of the known models the small ones come first, so that a wrong address shows before
            // gigabytes have come.
            for file in model.files { try await fetch(file, of: model, into: folder, from: mirror) }
        } catch PullError.unreachable(let url, let reason, _) {
            throw PullError.unreachable(url: url, reason: reason, files: model.files.map(\.url))
        }
    }

    private func fetch(
        _ file: PublishedModel.File, of model: PublishedModel, into folder: String, from mirror: ModelMirror
    ) async throws {
        let path = folder + "/" + file.name
        // With --json standard output is one value.
        if !options.json { Terminal.line("\(file.url)") }
        let bar = FetchProgress(label: file.name)
        defer { bar.finish() }
        let download = Download(url: file.url, address: mirror.url(of: file.url), path: path, progress: bar.update)
        try await onThread { try download.run() }
        let isWeights = [".safetensors", ".bin", ".pt", ".pth"].contains { file.name.hasSuffix($0) }
        // Of the other files nobody publishes a digest; the import holds them against the weights.
        guard isWeights, let expected = digest?.lowercased() ?? model.sha256Prefix else { return }
        let got = try sha256(ofFile: path)
        guard got.hasPrefix(expected) else {
            // Else the next run would take it for fetched.
            unlink(path)
            throw PullError.wrongDigest(file: file.name, url: file.url, expected: expected, got: got)
        }
    }

    private func report(_ what: String, _ sidecar: WeightsSidecar, _ directory: ModelsDirectory) throws {
        if options.json { return try printJSON(sidecar) }
        Terminal.line(
            "\(directory.weightsPath(sidecar.name)): \(what), \(sidecar.architecture.rawValue), sha-256 \(sidecar.sha256)"
        )
        Terminal.line("licence: \(sidecar.licence)")
    }
}

/// The bar of a file whose size is known once the server has answered. Without a size there is none.
private final class FetchProgress: Sendable {
    private let label: String
    private let bar = Mutex<ProgressBar?>(nil)

    init(label: String) { self.label = label }

    @Sendable func update(_ bytes: Int, _ total: Int?) {
        guard let total else { return }
        let bar = bar.withLock { bar in
            let shown = bar ?? ProgressBar(label, total: Double(total) / 1e6, unit: "MB")
            bar = shown
            return shown
        }
        bar.update(Double(bytes) / 1e6)
    }

    func finish() { bar.withLock { $0 }?.finish() }
}
