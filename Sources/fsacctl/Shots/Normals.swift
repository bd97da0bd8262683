import ArgumentParser
import ControlClient
import ControlProtocol
import Foundation

/// `fsacctl normals`: what the recipe has learnt from. A shot's name is its SHA-256, so that it is the same shot
/// whoever adds it.
struct Normals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, show, remove and restore the normal shots of the recipe.",
        subcommands: [List.self, Show.self, Remove.self, Restore.self], defaultSubcommand: List.self)

    /// `fsacctl normals list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the normal shots.")
        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.get(ControlPath.normals, query: recipe.query, as: NormalsReply.self)
            if daemon.json { return try printJSON(reply) }
            let setAside = reply.setAside ?? []
            guard !(reply.normals + setAside).isEmpty else {
                Terminal.write("no normal shots in recipe \(reply.recipe): add some with `fsacctl add-normal`\n")
                return
            }
            var table = Table("SHOT", "FORMAT", ">SIZE", "IN THE MODEL")
            for normal in reply.normals {
                table.add(
                    String(normal.sha256.prefix(12)), normal.format, Format.bytes(normal.bytes),
                    // No: a fit is due or failed, or the generation in use is an older one.
                    normal.fitted ? "yes" : "no")
            }
            for normal in setAside {
                table.add(
                    String(normal.sha256.prefix(12)), normal.format, Format.bytes(normal.bytes),
                    (normal.fitted ? "yes" : "no") + ", set aside by a roll-back")
            }
            Terminal.write(table.text)
        }
    }

    /// `fsacctl normals show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the picture of a normal shot to a file or to standard output.")

        @Argument(help: "The shot's SHA-256, or its first 6 digits or more.")
        var shot: String

        @Option(name: .shortAndLong, help: "Where to write it (default: standard output).", completion: .file())
        var output: String?

        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func validate() throws {
            // Into a pipe or a file it goes as it is.
            if output == nil && Terminal.outputIsTerminal && !daemon.json {
                throw ValidationError("a picture is no text for a terminal: name a file with --output")
            }
        }

        func run() async throws {
            let client = daemon.client
            if daemon.json {
                let reply = try await client.get(ControlPath.normals, query: recipe.query, as: NormalsReply.self)
                let shots = reply.normals + (reply.setAside ?? [])
                let found = shots.filter { $0.sha256.hasPrefix(shot.lowercased()) }
                guard !found.isEmpty else {
                    throw DaemonError.refused(
                        ErrorReply(code: .notFound, message: "no shot \(shot): `fsacctl normals` lists them").error)
                }
                return try printJSON(found)
            }
            let bytes = try await client.bytes(
                .get, "\(ControlPath.normals)/\(shot)", query: recipe.query)
            try OutputFile.write(bytes, to: output ?? "/dev/stdout")
        }
    }

    /// `fsacctl normals remove`
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a normal shot and fit a new model.",
            discussion: "One that a roll-back set aside is removed without a fit: no model is to learn from it.")

        @Argument(help: "The shot's SHA-256, or its first 6 digits or more.")
        var shot: String

        @Flag(inversion: .prefixedNo, help: "Wait until the new model is in use.")
        var wait = true

        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.request(
                .delete, "\(ControlPath.normals)/\(shot)", query: recipe.query, as: RemoveNormalReply.self)
            if !daemon.json { Terminal.write("\(reply.removed.prefix(12)): removed\n") }
            try await finish(reply, fit: reply.fit, waits: wait, daemon)
        }
    }

    /// `fsacctl normals restore`
    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a shot that a roll-back set aside a shot again, and fit a new model.")

        @Argument(help: "The shot's SHA-256, or its first 6 digits or more.")
        var shot: String

        @Flag(inversion: .prefixedNo, help: "Wait until the new model is in use.")
        var wait = true

        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.request(
                .post, "\(ControlPath.normals)/\(shot)/restore", query: recipe.query, as: RestoreNormalReply.self)
            if !daemon.json { Terminal.write("\(reply.restored.prefix(12)): a shot again\n") }
            try await finish(reply, fit: reply.fit, waits: wait, daemon)
        }
    }
}

/// The end of a change of the shots, which is made by now, whatever becomes of its fit: the model that it gives, or the reply
/// where there is no fit to wait for.
private func finish(_ reply: some Encodable, fit: FitReply?, waits: Bool, _ daemon: DaemonOptions) async throws {
    guard waits, let fit else {
        if daemon.json { try printJSON(reply) }
        return
    }
    let model = try await daemon.client.model(after: fit)
    if daemon.json { try printJSON(model) } else { Terminal.write(model.line) }
}
