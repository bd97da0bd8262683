import ControlProtocol
import Core
import Foundation
import Hummingbird
import Platform

/// Re-fit, limit and generations. Those that change something answer when it is on the disk and in use; a fit is only
/// asked for.
extension ControlRoutes {
    var modelRoutes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.refit, parameters: ["recipe", "request"]) { request in
                let (name, number) = (try entry(request).name, try request.query.number("request") as UInt64?)
                let newest = refit.status(of: name).request
                guard number ?? 0 <= newest else {
                    throw ControlError.notFound(
                        "refit: no fit \(number ?? 0) of \(name) was asked for since the daemon started: the newest is "
                            + "\(newest)")
                }
                return try Response.json(refit.status(of: name, request: number))
            },
            ControlRoute(.post, ControlPath.refit, parameters: ["recipe"]) { request in
                let entry = try entry(request)
                // Here, and not in a fit that fails a moment later.
                guard !entry.recipe.view.normals.isEmpty else { throw StoreError.noModel }
                let reply = try await WorkLane.slow.run {
                    try events.record(by: request.author) {
                        .refit(of: entry.recipe)
                    } _: {
                        refit.request(entry.name)
                    }
                }
                return try Response.json(reply, status: .accepted)
            },
            ControlRoute(.get, ControlPath.limit, parameters: ["recipe"]) { request in
                try Response.json(LimitReply(entry(request).recipe.inUse()))
            },
            ControlRoute(
                .put, ControlPath.limit, parameters: ["recipe", "dry_run", "force"], LimitRequest.self, answer: setLimit
            ),
            ControlRoute(.get, ControlPath.models, parameters: ["recipe"], answer: models),
            ControlRoute(
                .post, ControlPath.rollback, parameters: ["recipe"], RollbackRequest.self, isNeeded: false
            ) { request, wanted in
                let recipe = try entry(request).recipe
                return try Response.json(
                    RollbackReply(
                        await WorkLane.slow.run {
                            try events.record(by: request.author) {
                                try .rollback(of: recipe, to: wanted.generation)
                            } _: {
                                try recipe.rollback(to: wanted.generation)
                            }
                        }))
            },
        ]
    }

    @Sendable private func models(_ request: ControlRequest) async throws -> Response {
        let recipe = try entry(request).recipe
        let (generations, active) = try await WorkLane.slow.run { try recipe.generations() }
        return try Response.json(
            ModelsReply(
                models: generations.map { generation, summary in
                    active?.generation == generation
                        ? active.map(GenerationReply.init)
                        : GenerationReply(generation: generation, summary: summary)
                }.compactMap { $0 }))
    }
}

extension ControlRoutes {
    @Sendable private func setLimit(_ request: ControlRequest, _ wanted: LimitRequest) async throws -> Response {
        let recipe = try entry(request).recipe
        let isDryRun = try request.query.flag("dry_run", default: false)
        let isForced = try request.query.flag("force", default: false)
        return try Response.json(
            await WorkLane.slow.run {
                try limit(of: recipe, wanted.value, isDryRun: isDryRun, isForced: isForced, by: request.author)
            })
    }

    /// Sets a limit (nil = calibration's), unless something stands against it, or only looks at it.
    private func limit(
        of recipe: Recipe, _ value: Float?, isDryRun: Bool, isForced: Bool, by author: ChangeAuthor
    ) throws -> LimitReply {
        // First of all, for what is no score changes nothing that could be shown.
        if let value { try ManualLimit.check(value) }
        let change = try limits.change(to: value, in: recipe)
        if let objection = change.objection, !isForced, !isDryRun {
            throw ControlError(code: .conflict, message: "limit: \(objection)")
        }
        guard !isDryRun else {
            var reply = LimitReply(try recipe.inUse())
            reply.change = change
            return reply
        }
        var reply = LimitReply(
            try events.record(by: author) {
                try .limit(of: recipe, to: value, against: change.objection)
            } _: {
                try recipe.setLimit(value)
            })
        reply.change = change
        return reply
    }
}

extension LimitProposal {
    /// What it rests on, in a line.
    var words: String {
        String(
            format: "%d of %d good parts rejected: at most %.3g %% false rejects at %.0f %% confidence", rejects, parts,
            100 * falseRejectRate, 100 * Self.confidence)
    }
}

extension LimitReply {
    init(_ active: Recipe.Active) {
        self.init(
            value: active.limit, manual: active.manualLimit != nil, calibrated: active.summary.limit,
            evidence: active.summary.evidence, commissioned: active.manual?.proposal?.words,
            uncertain: [active.band.lower, active.band.upper],
            options: active.summary.options)
    }
}

extension RollbackReply {
    init(_ rollback: Rollback) {
        self.init(
            model: GenerationReply(rollback.active), setAside: rollback.setAside.map(\.sha256),
            restored: rollback.restored.map(\.sha256))
    }
}

extension GenerationReply {
    init(_ active: Recipe.Active) {
        self.init(generation: active.generation, summary: active.summary)
        current = true
        limit = LimitReply(active)
    }

    init(generation: Int, summary: ModelSummary) {
        self.init(
            generation: generation, current: false, backbone: "\(summary.kind.backbone)",
            method: summary.kind.methodWords,
            shots: summary.shots,
            limit: LimitReply(
                value: summary.limit, manual: false, calibrated: summary.limit, evidence: summary.evidence,
                uncertain: [summary.band.lower, summary.band.upper], options: summary.options),
            choice: summary.choice, oddShots: summary.oddShots.isEmpty ? nil : summary.oddShots, region: summary.region)
    }
}
