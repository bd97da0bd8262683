import ArgumentParser
import ControlClient
import ControlProtocol
import Platform

/// `fsacctl recipe import`
struct RecipeImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take a recipe that another station has exported.",
        discussion: """
            Before anything changes, all of it is checked: every digest, the backbone's weights, the cameras' frames, the name. \
            Then a model is fitted from the shots, here, and has to come to what the model there came to: the same features of \
            a made-up picture (within 0.1 %), the same score of it and the same limit (within 1 %). What differs is said, and \
            nothing is imported. No recipe is ever overwritten; --as gives it another name.

            The line goes on meanwhile. No camera uses the recipe until `fsacctl recipe use`. Its settings stay those that it \
            came with until the configuration has a [recipe] table of its name.
            """)

    @Argument(help: "The file that `fsacctl recipe export` wrote.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("What the recipe is called here (default: as there).", valueName: "name"))
    var `as`: String?

    @Flag(help: "Check, fit and compare, and import nothing.")
    var dryRun = false

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let source: RegularFile
        do {
            source = try RegularFile(file)
        } catch {
            throw ClientError.file(path: file, reason: "\(error)")
        }
        let start = try await daemon.client.request(
            .post, ControlPath.recipeImports,
            body: .json(ImportRecipeRequest(bytes: source.byteCount, name: `as`, dryRun: dryRun)), as: ImportReply.self)
        let path = "\(ControlPath.recipeImports)/\(start.number)"
        let reply: ImportReply
        do {
            reply = try await follow(try await send(source, to: path) ?? start, path)
        } catch {
            // The daemon finds out by itself, later: what it says now is not heard.
            _ = try? await daemon.client.bytes(.delete, path)
            throw error
        }
        if let error = reply.error { throw DaemonError.refused(error) }
        if daemon.json { return try printJSON(reply) }
        for finding in reply.findings { Terminal.line(finding) }
        for warning in reply.warnings { Terminal.line("warning: \(warning)") }
        let name = reply.recipe ?? ""
        Terminal.line(
            dryRun
                ? "\(name): could be imported; nothing was"
                : "\(name): imported, and not in use yet: `fsacctl recipe use \(name)`")
    }

    /// - Returns: where it stands then; nil of an empty file.
    private func send(_ source: RegularFile, to path: String) async throws -> ImportReply? {
        let bar = ProgressBar("sending")
        defer { bar.finish() }
        var (offset, reply) = (0, ImportReply?.none)
        while offset < source.byteCount {
            let piece: [UInt8]
            do {
                piece = try source.read(at: offset, count: min(ControlLimits.pieceBytes, source.byteCount - offset))
            } catch {
                throw ClientError.file(path: file, reason: ErrnoText.describe(error.errno))
            }
            guard !piece.isEmpty else { throw ClientError.file(path: file, reason: "became shorter while it was read") }
            reply = try await daemon.client.request(
                .post, path, query: ["offset": "\(offset)"], body: .piece(piece), timeout: .seconds(600),
                as: ImportReply.self)
            offset += piece.count
            bar.update(Double(offset) / Double(source.byteCount))
        }
        return reply
    }

    private func follow(_ start: ImportReply, _ path: String) async throws -> ImportReply {
        var reply = start
        while reply.state == .checking || reply.state == .fitting {
            let state = reply.state
            let bar = ProgressBar(state.rawValue)
            defer { bar.finish() }
            while reply.state == state {
                bar.update(reply.progress)
                try await Task.sleep(for: .milliseconds(50))
                reply = try await daemon.client.get(path, as: ImportReply.self)
            }
        }
        return reply
    }
}
