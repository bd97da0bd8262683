import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl models`: what was fitted of a recipe's shots. Not `fsacctl model`, the weights that backbones are made of.
struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the fitted models, or go back to an older one.",
        subcommands: [List.self, Show.self, Rollback.self], defaultSubcommand: List.self)

    /// `fsacctl models list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the generations that are kept.")
        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.get(ControlPath.models, query: recipe.query, as: ModelsReply.self)
            // All that there is, shots' digests included; the table has what tells generations apart.
            if daemon.json { return try printJSON(reply) }
            guard !reply.models.isEmpty else {
                Terminal.write("no models yet: add normal shots with `fsacctl add-normal`\n")
                return
            }
            var table = Table("", ">GENERATION", ">SHOTS", ">LIMIT", "LIMIT BY", "BACKBONE", "METHOD")
            for model in reply.models {
                table.add(
                    model.current ? "*" : "", "\(model.generation)",
                    "\(model.shots.count)" + (model.oddShots.map { " (\($0.count) odd)" } ?? ""),
                    Format.score(model.limit.value), Limit.origin(model.limit), model.backbone, model.method)
            }
            Terminal.write(table.text)
            for model in reply.models where model.current {
                if let line = model.oddShotsLine { Terminal.write(line + "\n") }
            }
        }
    }

    /// `fsacctl models show`. Out of the list: generations are few, and the daemon needs no request for each.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a generation was fitted from, and what the fit chose.")

        @Argument(help: "The generation (default: the one in use).")
        var generation: Int?

        @Option(
            help: ArgumentHelp(
                "Draw what it looks at closely in each shot into this file (JPEG, or PNG by its ending).",
                discussion: """
                    Cyan: what stands out from the background. Yellow: what is looked at closely. Red: the axis of a part that \
                    is followed, and its centroid.
                    """, valueName: "file"), completion: .file())
        var picture: String?

        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let client = daemon.client
            let models = try await client.get(ControlPath.models, query: recipe.query, as: ModelsReply.self)
                .models
            guard
                let model = models.first(where: { model in generation.map { $0 == model.generation } ?? model.current })
            else {
                throw DaemonError.refused(
                    ErrorReply(code: .notFound, message: "no such generation: `fsacctl models list` shows them").error)
            }
            var drawn: String?
            if let picture {
                drawn = try await ModelPicture(of: model).write(to: picture) { shot in
                    try await client.bytes(.get, "\(ControlPath.normals)/\(shot)", query: recipe.query)
                }
            }
            if daemon.json { return try printJSON(model) }
            var block = Block()
            block.add("generation", "\(model.generation)" + (model.current ? " (in use)" : ""))
            block.add("backbone", model.backbone)
            block.add("method", model.method)
            block.add("limit", Status.text(of: model.limit))
            // Nothing where the method leaves nothing to choose.
            for (index, line) in (model.choice ?? []).enumerated() { block.add(index == 0 ? "chosen" : "", line) }
            for (index, shot) in model.shots.enumerated() { block.add(index == 0 ? "shots" : "", shot) }
            block.add("picture", drawn)
            Terminal.write(block.text)
        }
    }

    /// `fsacctl models rollback`
    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Use an older generation (or a newer one again) until the next fit.",
            discussion: """
                Shots that the generation was not fitted from are set aside, so that the next fit does not learn them again: \
                `fsacctl normals list` shows them, `fsacctl normals restore` makes a shot of one again. Shots of the generation \
                that had been set aside come back.
                """)

        @Argument(help: "The generation (default: the one before the current).")
        var generation: Int?

        @OptionGroup var recipe: RecipeOption
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.request(
                .post, ControlPath.rollback, query: recipe.query, body: .json(RollbackRequest(generation: generation)),
                as: RollbackReply.self)
            if daemon.json { try printJSON(reply) } else { Terminal.write(reply.model.line + Self.text(of: reply)) }
        }

        /// What became of the shots; nothing when all stayed as they were.
        static func text(of reply: RollbackReply) -> String {
            var text = ""
            for (shots, words) in [(reply.setAside, "set aside"), (reply.restored, "a shot again")] {
                for shot in shots { text += "\(shot.prefix(12)): \(words)\n" }
            }
            guard !reply.setAside.isEmpty else { return text }
            return text + "no fit learns what is set aside: `fsacctl normals restore SHOT` takes it back\n"
        }
    }
}

extension GenerationReply {
    /// Which shots are odd, and what to do; nil when none is.
    var oddShotsLine: String? {
        guard let oddShots, !oddShots.isEmpty else { return nil }
        let names = oddShots.map { $0.prefix(12) }.joined(separator: ", ")
        let wait = oddShots.count == 1 ? "waits for another one like it" : "wait, each for another one like it"
        return Style.doubtful(
            "odd shots: \(names) \(wait); nothing is learnt until then; why: `fsacctl models show \(generation)`")
    }
}
