import ControlProtocol

extension DaemonClient {
    /// Waits for a fit that was asked for, with a progress bar, and gives the model it made.
    ///
    /// - Parameter query: names the recipe; empty = the one in use.
    func model(after fit: FitReply, query: [String: String]) async throws -> GenerationReply {
        let bar = ProgressBar("fitting")
        defer { bar.finish() }
        var state = fit
        while state.done < fit.request {
            bar.update(state.progress ?? 0)
            // Asking often costs next to nothing: the answer is in the daemon's memory.
            try await Task.sleep(for: .milliseconds(50))
            state = try await get(ControlPath.refit, query: query, as: FitReply.self)
        }
        if state.state == .failed { throw ClientError.fitFailed(state.message ?? "no reason given") }
        return try await currentModel(query)
    }

    /// The one in use.
    func currentModel(_ query: [String: String]) async throws -> GenerationReply {
        let models = try await get(ControlPath.models, query: query, as: ModelsReply.self).models
        guard let model = models.first(where: \.current) else {
            throw ClientError.refused(
                ErrorReply(code: .conflict, message: "nothing has been fitted yet: `fsacctl add-normal` adds shots")
                    .error)
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
