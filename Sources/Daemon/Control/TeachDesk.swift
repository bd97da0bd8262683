import ControlProtocol
import Core
import Logging
import Platform
import Settings
import Synchronization

/// Proposes what kept parts of the line would make of the model in use, and makes it so when a person says it. The work is done on
/// the fits' thread, after what waits there.
final class TeachDesk: Sendable {
    /// Recent parts with a stored picture that both models judge, and how many of the newest NG ones at least.
    private static let (previewParts, previewRejects) = (20, 10)

    private struct Desk {
        var state = TeachReply.State.idle
        var progress = 0.0
        var proposal: TeachProposal?
        var error: ErrorReply.Body?
        /// Of the proposal: the same parts need no other.
        var candidate: Candidate?
    }

    private struct Candidate {
        let generation: Int
        let numbers: [UInt64]
        let model: FittedModel
    }

    private let book: RecipeBook
    private let refit: RefitService
    private let stream: PartStream
    private let events: EventLog
    private let checks: ShotChecks
    private let recent: RecentParts
    private let logger: Logger
    /// By recipe.
    private let desks = Mutex<[String: Desk]>([:])

    init(
        book: RecipeBook, refit: RefitService, stream: PartStream, events: EventLog, recent: RecentParts, logger: Logger
    ) {
        self.book = book
        self.refit = refit
        self.stream = stream
        self.events = events
        self.recent = recent
        self.logger = logger
        checks = ShotChecks(parts: recent)
    }

    /// Where it stands. In memory.
    func reply(_ entry: RecipeBook.Entry) throws(StoreError) -> TeachReply {
        let active = try entry.recipe.inUse()
        let desk = desk(entry.name, generation: active.generation)
        return TeachReply(
            recipe: entry.name, state: desk.state, generation: active.generation,
            kept: stream.count(entry.name, generation: active.generation),
            wanted: min(max(entry.settings.teachParts, active.commission?.parts ?? 0), StreamLimits.parts),
            progress: desk.state == .working ? desk.progress : nil, proposal: desk.proposal, error: desk.error)
    }

    func kept(_ entry: RecipeBook.Entry, generation: Int) -> Int { stream.count(entry.name, generation: generation) }

    /// Of a recipe that keeps parts, or is to: how many; nil of others. In memory.
    func summary(_ entry: RecipeBook.Entry) -> TeachReply? {
        // Without a model there is nothing to teach.
        guard var reply = try? reply(entry), reply.kept + reply.wanted > 0 else { return nil }
        (reply.proposal, reply.error) = (nil, nil)
        return reply
    }

    /// What was found out about another generation is not told of this one, but for how it came to be.
    private func desk(_ recipe: String, generation: Int) -> Desk {
        let desk = desks.withLock { $0[recipe] } ?? Desk()
        guard desk.state != .working, let proposal = desk.proposal, proposal.generation != generation,
            proposal.installed != generation
        else {
            return desk
        }
        return Desk()
    }

    /// Begins to work out a proposal, and returns at once.
    ///
    /// - Parameters:
    ///   - isAccepted: whether it is made so in the end, if nothing stands against it.
    ///   - isForced: whatever stands against it.
    ///   - author: who asks.
    func start(
        _ entry: RecipeBook.Entry, isAccepted: Bool, isForced: Bool, by author: ChangeAuthor
    ) throws -> TeachReply {
        let active = try entry.recipe.inUse()
        guard active.model.canBeTaught else { throw TeachingError.method(active.model.settings.method.name) }
        let old = desks.withLock { desks -> Desk? in
            let old = desks[entry.name] ?? Desk()
            guard old.state != .working else { return nil }
            desks[entry.name] = Desk(state: .working, candidate: old.candidate)
            return old
        }
        guard let old else {
            throw ControlError(
                code: .conflict, message: "teach: \(entry.name) is being taught already: `fsacctl teach --status`")
        }
        let wasSeen = old.proposal != nil
        refit.perform { [self] goesOn, isCancelled in
            do {
                try work(
                    entry.name, isAccepted: isAccepted, isForced: isForced, wasSeen: wasSeen, by: author, goesOn,
                    isCancelled)
            } catch {
                // A proposal that was refused is still to be seen.
                change(entry.name) { ($0.state, $0.error) = (.failed, ControlError(error).body) }
            }
        }
        return try reply(entry)
    }

    /// Forgets the kept parts and what was proposed. Blocks on the disk.
    func forget(_ entry: RecipeBook.Entry) throws -> TeachReply {
        let isBusy = desks.withLock { desks in
            if desks[entry.name]?.state == .working { return true }
            desks[entry.name] = nil
            return false
        }
        guard !isBusy else {
            throw ControlError(code: .conflict, message: "teach: \(entry.name) is being taught: wait until it is done")
        }
        try stream.clear(entry.name)
        return try reply(entry)
    }

    private func change(_ recipe: String, _ body: (inout Desk) -> Void) {
        desks.withLock { body(&$0[recipe, default: Desk()]) }
    }

    // MARK: On the fits' thread

    private func work(
        _ recipe: String, isAccepted: Bool, isForced: Bool, wasSeen: Bool, by author: ChangeAuthor,
        _ goesOn: () -> Void, _ isCancelled: () -> Bool
    ) throws {
        if isCancelled() { throw TeachingError.cancelled }
        // The settings may have changed while it waited.
        let entry = try book.entry(recipe)
        let active = try entry.recipe.inUse()
        if let withheld = active.withheld { throw StoreError.unusable(withheld.detail) }
        let (parts, damaged) = try stream.parts(of: recipe, generation: active.generation)
        let model = try candidate(entry, active, parts, wasSeen: isAccepted && wasSeen, goesOn, isCancelled)
        goesOn()
        var proposal = try proposal(entry, active, model, damaged: damaged, isCancelled)
        change(recipe) { $0.proposal = proposal }
        guard isAccepted else { return change(recipe) { $0.state = .proposed } }
        if let objection = proposal.objection, !isForced {
            throw ControlError(code: .conflict, message: "teach: \(objection)")
        }
        let new = try events.record(by: author) {
            try .generation(of: entry.recipe, model)
        } _: {
            try entry.recipe.install(model, replacing: active.generation)
        }
        proposal.installed = new.generation
        logger.notice(
            "model taught by parts of the line",
            metadata: [
                "recipe": "\(recipe)", "generation": "\(new.generation)", "parts": "\(proposal.parts.count)",
                "limit": "\(new.limit)",
            ])
        // After the model: a crash in between leaves the recipe muted, and not judged by what nobody accepted.
        if active.commission != nil {
            try events.record(by: author) {
                try .commissionEnd(of: entry.recipe, accepting: nil)
            } _: {
                _ = try entry.recipe.endCommission(accepting: nil)
            }
        }
        change(recipe) { [proposal] in $0 = Desk(state: .accepted, proposal: proposal) }
        do throws(DiskError) {
            try stream.clear(recipe)
        } catch {
            // They are of another generation now, and go with the next part.
            logger.warning("kept parts cannot be removed", metadata: ["recipe": "\(recipe)", "error": "\(error)"])
        }
    }

    /// - Parameter wasSeen: what was proposed is to be used. More parts may have been kept since then: it is still what somebody has
    ///   looked at.
    private func candidate(
        _ entry: RecipeBook.Entry, _ active: Recipe.Active, _ parts: [StreamPart], wasSeen: Bool, _ goesOn: () -> Void,
        _ isCancelled: () -> Bool
    ) throws -> FittedModel {
        let numbers = parts.map(\.number)
        let known = desks.withLock { $0[entry.name]?.candidate }
        if let known, known.generation == active.generation, wasSeen || known.numbers == numbers { return known.model }
        change(entry.name) { $0.candidate = nil }
        let model = try entry.method.teach(
            active.model.withAutomaticLimit(), parts,
            { progress in
                goesOn()
                change(entry.name) { $0.progress = 0.9 * progress }
            }, isCancelled)
        change(entry.name) {
            $0.candidate = Candidate(generation: active.generation, numbers: numbers, model: model)
        }
        return model
    }

    private func proposal(
        _ entry: RecipeBook.Entry, _ active: Recipe.Active, _ model: FittedModel, damaged: [String],
        _ isCancelled: () -> Bool
    ) throws -> TeachProposal {
        let lesson = model.lesson?.parts ?? []
        let candidate = entry.recipe.candidate(model)
        let recent = try checks.compared(
            active, candidate, in: entry, parts: Self.previewParts, rejects: Self.previewRejects, isCancelled)
        var change = ShotChange(
            limitBefore: active.limit, limitAfter: candidate.limit, parts: recent?.scores.count ?? 0,
            flips: recent?.flips ?? [])
        let parts = try lesson.map { part in
            TeachProposal.Part(
                seq: part.number, fate: part.fate.rawValue, before: part.before, after: part.after,
                verdictBefore: Verdict(part.before, limit: active.limit),
                verdictAfter: part.after.map { Verdict($0, limit: candidate.limit) },
                image: try self.recent.storedImage(of: part.number))
        }
        // Of a commissioning's parts, which somebody vouches for, none is.
        let passing = try change.passing.map(\.seq).filter { try self.recent.record($0)?.verdict == .ng }
        let warnings = try TeachWarnings(parts, change, passing: passing, active, model, damaged: damaged.count) {
            first in
            // Not among them: what was rejected, or nearly, is never kept.
            try self.recent.newest(.max, of: entry.name) { record in
                record.generation == active.generation && record.seq >= first
                    && (record.verdict == .ng || record.uncertain == true) ? record.seq : nil
            }.count
        }
        change.warnings = warnings.sentences.isEmpty ? nil : warnings.sentences
        return TeachProposal(
            generation: active.generation, parts: parts, change: change, objection: warnings.objection)
    }
}
