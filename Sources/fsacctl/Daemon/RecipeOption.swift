import ArgumentParser
import ControlClient

/// The option of every subcommand that concerns one recipe.
///
/// The daemon finds out which is in use, not the client, which would be late by a changeover; where cameras use
/// different ones, it refuses to guess.
struct RecipeOption: ParsableArguments {
    @Option(help: ArgumentHelp("The recipe (default: the one in use).", valueName: "name"))
    var recipe: String?

    var query: [String: String] { recipe.map { ["recipe": $0] } ?? [:] }
}
