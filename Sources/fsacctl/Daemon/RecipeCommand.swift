import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl recipe`: changeover from one product to the next.
struct RecipeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipe", abstract: "List, use and copy recipes, and take them to other stations.",
        subcommands: [List.self, Use.self, Copy.self, RecipeExport.self, RecipeImport.self],
        defaultSubcommand: List.self)

    /// `fsacctl recipe list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the recipes.")
        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.get(ControlPath.recipes, as: RecipesReply.self)
            if daemon.json { return try printJSON(reply) }
            var table = Table("RECIPE", "SETTINGS", ">SHOTS", ">GENERATION", ">LIMIT", "LIMIT BY", "CAMERAS")
            for recipe in reply.recipes {
                table.add(
                    recipe.name, recipe.imported == true ? "imported" : recipe.settingsFrom, "\(recipe.shots)",
                    recipe.model.map { "\($0.generation)" } ?? "none",
                    recipe.model.map { Format.score($0.limit.value) } ?? "",
                    recipe.model.map { Limit.origin($0.limit) } ?? "",
                    recipe.cameras.joined(separator: ", "))
            }
            Terminal.write(table.text)
        }
    }

    /// `fsacctl recipe use`
    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Inspect with another recipe from the next frame on.",
            discussion: """
                A part that was captured or triggered before, or whose file was complete, is still judged by the recipe before; \
                how many of them wait is said. Holds over restarts.
                """)

        @Argument(help: "The recipe.")
        var name: String

        @Option(help: ArgumentHelp("The camera (default: the only one).", valueName: "name"))
        var camera: String?

        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.request(
                .post, ControlPath.recipeUse, body: .json(UseRecipeRequest(recipe: name, camera: camera)),
                as: RecipeReply.self)
            if daemon.json { return try printJSON(reply) }
            Terminal.write("\(reply.cameras.joined(separator: ", ")): recipe \(reply.name)\n")
            if let waiting = reply.waiting {
                Terminal.write(
                    waiting == 1
                        ? "1 picture that came before waits: it is judged by the recipe before\n"
                        : "\(waiting) pictures that came before wait: they are judged by the recipe before\n")
            }
            // Done, so the exit code is 0: shots can be added now. But nobody should find out by the first reject.
            if reply.model == nil {
                Terminal.complain(
                    "recipe \(reply.name) has no model yet: every part is INVALID until `fsacctl add-normal`")
            }
        }
    }

    /// `fsacctl recipe copy`: a variant of a product begins with what is known of it. No camera uses it yet.
    struct Copy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a recipe of another one's shots, models and limit.",
            discussion: "It uses the settings of the same [recipe] table until the configuration has one of its name.")

        @Argument(help: "The recipe to copy.")
        var from: String

        @Argument(help: "The new recipe's name.")
        var to: String

        @OptionGroup var daemon: DaemonOptions

        func run() async throws {
            let reply = try await daemon.client.request(
                .post, ControlPath.recipeCopy, body: .json(CopyRecipeRequest(from: from, to: to)),
                as: RecipeReply.self)
            if daemon.json { return try printJSON(reply) }
            Terminal.write("\(reply.name): \(reply.shots) shots, settings of \(reply.settingsFrom)\n")
        }
    }
}
