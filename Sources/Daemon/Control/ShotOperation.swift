import ControlProtocol

/// Where one operation stands.
struct ShotOperation: Sendable {
    enum Phase: Sendable {
        case working(AddNormalsReply.Stage, progress: Double)
        /// The shots are stored; the fit's number.
        case fitting(UInt64)
        /// With the generation that the fit made, if one was asked for.
        case done(after: AddNormalsReply.Stage, generation: Int?)
        case failed(in: AddNormalsReply.Stage, ErrorReply.Body)
    }

    let number: UInt64
    let recipe: Recipe
    var phase = Phase.working(.waiting, progress: 0)
    var shots: [AddNormalsReply.Shot] = []
    var change: ShotChange?

    var hasEnded: Bool {
        switch phase {
        case .working, .fitting: false
        case .done, .failed: true
        }
    }

    var stage: AddNormalsReply.Stage {
        switch phase {
        case .working(let stage, _), .done(let stage, _), .failed(let stage, _): stage
        case .fitting: .fitting
        }
    }

    /// Ends when the fit it waits for has.
    mutating func settle(_ refit: RefitService) {
        guard case .fitting(let request) = phase else { return }
        switch refit.outcome(of: request, for: recipe.name) {
        case nil: break
        case .installed(let generation): phase = .done(after: .fitting, generation: generation)
        case .failed(let reason): phase = .failed(in: .fitting, .init(code: .conflict, message: reason))
        }
    }

    /// What has not ended does now, since the daemon stops. Storing is never broken off.
    mutating func stop() {
        switch phase {
        case .working(let stage, _):
            phase = .failed(in: stage, .init(code: .unavailable, message: "the daemon stopped: nothing was stored"))
        case .fitting:
            let message = "the daemon stopped before the fit was done: the shots are stored, the next start fits them"
            phase = .failed(in: .fitting, .init(code: .unavailable, message: message))
        case .done, .failed: break
        }
    }

    /// - Parameter fitProgress: of the recipe's fit.
    func reply(fitProgress: Double) -> AddNormalsReply {
        var reply = AddNormalsReply(
            operation: number, recipe: recipe.name, state: .running, stage: stage, shots: shots, change: change)
        let fitted = recipe.view.active?.summary.shots ?? []
        for index in shots.indices {
            reply.shots[index].normal?.fitted = shots[index].normal.map { fitted.contains($0.sha256) } ?? false
        }
        switch phase {
        case .working(_, let progress): reply.progress = progress
        case .fitting: reply.progress = fitProgress
        case .done(_, let generation): (reply.state, reply.progress, reply.generation) = (.done, 1, generation)
        case .failed(_, let error): (reply.state, reply.error) = (.failed, error)
        }
        return reply
    }
}

extension AddNormalsReply.Shot {
    init(_ shot: CheckedShot) {
        switch shot {
        case .acceptable(let new):
            self.init(outcome: .acceptable, normal: NormalReply(new.normal, isFitted: false), score: new.score)
        case .duplicate(let normal): self.init(outcome: .duplicate, normal: NormalReply(normal, isFitted: false))
        case .refused(let refusal): self.init(outcome: .refused, refusal: refusal)
        }
    }
}
