import ControlProtocol

extension DaemonClient {
    /// Waits for a fit that was asked for, with a progress bar, and gives the model it made.
    func model(after fit: FitReply) async throws -> GenerationReply {
        let bar = ProgressBar("fitting")
        defer { bar.finish() }
        var state = fit
        while state.done < fit.request {
            bar.update(state.progress ?? 0)
            try await Task.sleep(for: .milliseconds(50))
            state = try await get(ControlPath.refit, as: FitReply.self)
        }
        if state.state == .failed { throw ClientError.fitFailed(state.message ?? "no reason given") }
        return try await currentModel()
    }

    func currentModel() async throws -> GenerationReply {
        let status = try await get(ControlPath.status, as: StatusReply.self)
        guard let model = status.model else {
            throw ClientError.refused(
                ErrorReply(code: .conflict, message: "nothing has been fitted yet: `fsacctl add-normal` adds shots")
                    .error)
        }
        return model
    }
}

extension GenerationReply {
    /// One line for people.
    var line: String {
        "generation \(generation) of \(shots.count) shots, limit \(Status.text(of: limit))\n"
    }
}
