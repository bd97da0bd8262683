import ArgumentParser

/// The option of every subcommand that concerns one recipe.
struct RecipeOption: ParsableArguments {
    @Option(help: ArgumentHelp("The recipe (default: the one in use).", valueName: "name"))
    var recipe: String?

    var query: [String: String] { recipe.map { ["recipe": $0] } ?? [:] }
}
