import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl refit`. `add-normal` asks for a fit itself, and the daemon makes one after changed settings; this is for
/// whoever rolled back and wants to go on, or had a fit that failed.
struct Refit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fit a new model from the stored normal shots; inspection goes on meanwhile.")

    @Flag(inversion: .prefixedNo, help: "Wait until the new model is in use.")
    var wait = true

    @OptionGroup var recipe: RecipeOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let client = daemon.client
        let fit = try await client.request(.post, ControlPath.refit, query: recipe.query, as: FitReply.self)
        // Nothing to say yet: a script that wants the number of the fit asks for --json.
        guard wait else {
            if daemon.json { try printJSON(fit) }
            return
        }
        let model = try await client.model(after: fit)
        if daemon.json { try printJSON(model) } else { Terminal.write(model.line) }
    }
}
