import ControlClient
import ControlProtocol

extension DaemonClient {
    /// Waits for a fit that was asked for, with a progress bar, and gives the model it made.
    ///
    /// It is asked for by recipe and number: meanwhile another recipe may come into use, and another fit be asked for.
    func model(after fit: FitReply) async throws -> GenerationReply {
        let bar = ProgressBar("fitting")
        defer { bar.finish() }
        var state = fit
        while state.state == .fitting {
            bar.update(state.progress ?? 0)
            // Asking often costs next to nothing: the answer is in the daemon's memory.
            try await Task.sleep(for: .milliseconds(50))
            state = try await get(
                ControlPath.refit, query: ["recipe": fit.recipe, "request": "\(fit.request)"], as: FitReply.self)
        }
        guard state.state == .idle, let generation = state.generation else {
            throw ClientError.fitFailed(state.message ?? "no reason given")
        }
        return try await model(generation, of: fit.recipe)
    }

    /// The generation that a fit made.
    func model(_ generation: Int, of recipe: String) async throws -> GenerationReply {
        let models = try await get(ControlPath.models, query: ["recipe": recipe], as: ModelsReply.self).models
        guard let model = models.first(where: { $0.generation == generation }) else {
            throw DaemonError.refused(
                ErrorReply(
                    code: .conflict,
                    message: "generation \(generation) of \(recipe) was made and is gone already: "
                        + "`fsacctl models list` shows what is kept"
                ).error)
        }
        return model
    }
}

extension GenerationReply {
    /// One line for people, after everything that changes the model in use: `generation 3 of 4 shots, limit 1.2310
    /// (...)`.
    /// One more when shots are odd.
    var line: String {
        "generation \(generation) of \(shots.count) shots, limit \(Status.text(of: limit))\n"
            + (oddShotsLine.map { $0 + "\n" } ?? "")
    }
}
