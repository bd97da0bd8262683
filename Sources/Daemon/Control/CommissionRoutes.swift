import ControlProtocol
import Core
import Hummingbird
import Platform
import Settings

/// Finding the limit on known-good production.
extension ControlRoutes {
    var commissionRoutes: [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.commission, parameters: ["recipe"]) { request in
                let entry = try entry(request)
                return try Response.json(await WorkLane.slow.run { try commission(entry) })
            },
            ControlRoute(
                .post, ControlPath.commission, parameters: ["recipe"], CommissionRequest.self, isNeeded: false,
                answer: startCommission),
            ControlRoute(.delete, ControlPath.commission, parameters: ["recipe"]) { request in
                let entry = try entry(request)
                return try Response.json(
                    await WorkLane.slow.run {
                        try events.record(by: request.author) {
                            try .commissionEnd(of: entry.recipe, accepting: nil)
                        } _: {
                            _ = try entry.recipe.endCommission(accepting: nil)
                        }
                        return try commission(entry)
                    })
            },
            ControlRoute(.post, ControlPath.commissionApply, parameters: ["recipe"]) { request in
                let entry = try entry(request)
                return try Response.json(await WorkLane.slow.run { LimitReply(try accept(entry, request.author)) })
            },
        ]
    }

    @Sendable private func startCommission(
        _ request: ControlRequest, _ wanted: CommissionRequest
    ) async throws -> Response {
        let entry = try entry(request)
        // 299: with none of them rejected, at most 1 % false rejects at 95 % confidence.
        let parts = wanted.parts ?? 299
        guard (1...ControlLimits.commissionParts).contains(parts) else {
            throw ControlError.invalidRequest(
                "commission: parts \(parts): expected 1 to \(ControlLimits.commissionParts)")
        }
        let reply = try await WorkLane.slow.run {
            // The number first, the muting then: a part in between has its verdict, and does not count.
            let wanted = Commission(parts: parts, firstSequence: commissions.nextSequence)
            try events.record(by: request.author) {
                try .commissionStart(of: entry.recipe, wanted)
            } _: {
                _ = try entry.recipe.startCommission(wanted)
            }
            return try commission(entry)
        }
        return try Response.json(reply, status: .created)
    }

    private func accept(_ entry: RecipeBook.Entry, _ author: ChangeAuthor) throws -> Recipe.Active {
        let active = try entry.recipe.inUse()
        guard let commission = active.commission else { throw StoreError.notCommissioning(entry.name) }
        let scores = try commissions.scores(of: entry.name, commission, generation: active.generation)
        // What was shown is proposed again from the same scores, and not taken from the client.
        guard scores.count >= commission.parts, let proposal = proposal(scores, entry, active.limit) else {
            throw StoreError.commissionIncomplete(scored: scores.count, parts: commission.parts)
        }
        return try events.record(by: author) {
            try .commissionEnd(of: entry.recipe, accepting: proposal.limit)
        } _: {
            try entry.recipe.endCommission(accepting: proposal)
        }
    }

    private func proposal(_ scores: [Float], _ entry: RecipeBook.Entry, _ current: Float) -> LimitProposal? {
        LimitProposal(
            scores: scores, sensitivity: Sensitivity(entry.settings.sensitivity) ?? .balanced, current: current)
    }

    /// How far it is. Reads the journal.
    func commission(_ entry: RecipeBook.Entry) throws -> CommissionReply {
        let active = try entry.recipe.inUse()
        var reply = CommissionReply(
            recipe: entry.name, state: .off, generation: active.generation, parts: 0, scored: 0,
            confidence: LimitProposal.confidence)
        guard let commission = active.commission else { return reply }
        let scores = try commissions.scores(of: entry.name, commission, generation: active.generation)
        (reply.parts, reply.scored) = (commission.parts, scores.count)
        let kept = teaching.kept(entry, generation: active.generation)
        reply.kept = kept == 0 ? nil : kept
        reply.state = scores.count < commission.parts ? .running : .complete
        if !scores.isEmpty {
            let rejects = scores.count { $0.isReject(at: active.limit) }
            reply.current = LimitBound(
                limit: active.limit, rejects: rejects,
                falseRejectRate: LimitProposal.bound(rejects: rejects, parts: scores.count))
        }
        if reply.state == .complete, let proposal = proposal(scores, entry, active.limit) {
            reply.proposal = LimitBound(
                limit: proposal.limit, rejects: proposal.rejects, falseRejectRate: proposal.falseRejectRate)
        }
        return reply
    }
}
