import ArgumentParser
import ControlClient
import ControlProtocol
import Platform
import RecipeFile
import Synchronization

/// `fsacctl recipe export`
struct RecipeExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a recipe into a file, for another station.",
        discussion: """
            The file has the recipe's settings, its normal shots as they came, a limit that was set by hand or accepted after \
            commissioning with what it rests on, the model's golden picture, and a digest of each. It is a tar file: \
            `tar tvf FILE` shows what is in it, and recipe/manifest.json says who made it, when, where and with which weights. \
            The weights are not in it, nor is what parts of the line taught the model.

            On the other station: `fsacctl recipe import FILE`.
            """)

    @Argument(help: "The file to write, in place of one that is there once it is complete.", completion: .file())
    var file: String

    @OptionGroup var recipe: RecipeOption
    @OptionGroup var daemon: DaemonOptions

    private struct Report: Encodable {
        var file: String
        var bytes: Int
        var manifest: RecipeManifest
    }

    func run() async throws {
        try OutputFile.prepare(file)
        let (bytes, manifest) = try await write()
        if daemon.json { return try printJSON(Report(file: file, bytes: bytes, manifest: manifest)) }
        let shots = manifest.members.count { $0.name.hasPrefix("normals/") }
        Terminal.line("\(file): recipe \(manifest.recipe), \(shots) shots, \(bytes) bytes")
        Terminal.line("backbone \(manifest.backbone.name), weights \(manifest.backbone.sha256.prefix(12))")
        Terminal.line("limit \(Format.score(manifest.model.limit)) (\(Self.words(manifest.model.limitBy)))")
        for sentence in manifest.notCarried { Terminal.line("not in the file: \(sentence)") }
    }

    /// Every byte is checked while it is written, as an import will.
    private func write() async throws -> (bytes: Int, RecipeManifest) {
        let bar = ProgressBar("exporting")
        defer { bar.finish() }
        let incoming = try IncomingFile(file)
        try await daemon.client.pieces(ControlPath.recipeExport, query: recipe.query) { piece in
            bar.update(try incoming.take(piece))
        }
        return try incoming.finish()
    }

    private static func words(_ origin: LimitOrigin?) -> String {
        switch origin {
        case .hand: "set by hand"
        case .commission: "accepted after commissioning"
        case nil: "from the shots"
        }
    }

    /// The file on its way to its place.
    private final class IncomingFile: Sendable {
        private struct State: ~Copyable {
            var file: ReplacementFile
            var reader = RecipeFileReader()
        }

        private let path: String
        private let state: Mutex<State>

        init(_ path: String) throws {
            self.path = path
            do throws(DiskError) {
                state = Mutex(State(file: try ReplacementFile(path)))
            } catch {
                throw ClientError.file(path: path, reason: ErrnoText.describe(error.errno))
            }
        }

        /// - Returns: the share that is there.
        func take(_ piece: [UInt8]) throws -> Double {
            try state.withLock { state in
                try state.reader.take(piece) { _ in }
                try withWords { () throws(DiskError) in try state.file.append(piece) }
                return state.reader.total.map { Double(state.reader.received) / Double($0) } ?? 0
            }
        }

        func finish() throws -> (bytes: Int, RecipeManifest) {
            try state.withLock { state in
                try state.reader.finish()
                guard let manifest = state.reader.manifest else { throw RecipeFileError.notARecipe }
                // On the stick, and not only in this computer's memory, when the command ends.
                try withWords { () throws(DiskError) in try state.file.finish() }
                return (state.reader.received, manifest)
            }
        }

        private func withWords(_ work: () throws(DiskError) -> Void) throws {
            do {
                try work()
            } catch {
                throw ClientError.file(path: path, reason: ErrnoText.describe(error.errno))
            }
        }
    }
}
