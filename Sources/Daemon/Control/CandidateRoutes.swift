import ControlProtocol
import Core
import Hummingbird
import JournalIndex
import Platform
import Statistics

/// Parts that people may learn from. Nothing of it is stored: it is made of the journals whenever somebody asks.
struct CandidateRoutes: Sendable {
    let book: RecipeBook
    let judgements: JudgementRoutes
    let events: EventLog

    private var parts: RecentParts { judgements.parts }

    /// - Parameter entry: the recipe that a request is about.
    func routes(_ entry: @escaping @Sendable (ControlRequest) throws -> RecipeBook.Entry) -> [ControlRoute] {
        [
            ControlRoute(.get, ControlPath.candidates, parameters: ["recipe"]) { request in
                let entry = try entry(request)
                return try .json(await WorkLane.slow.run { try list(entry) })
            },
            ControlRoute(.post, ControlPath.candidatesDismiss, CandidateDismissal.self) { request, wanted in
                let author = request.author
                return try .json(await WorkLane.slow.run { try dismiss(wanted, by: author) })
            },
        ]
    }

    private func list(_ entry: RecipeBook.Entry) throws -> CandidateListReply {
        let judged = try judgements.judged()
        let recipe = entry.recipe
        let lesson = recipe.view.active?.model.lesson?.parts.filter { $0.fate == .odd }.map(\.number) ?? []
        let odd = Set(lesson)
        func part(_ record: InspectionRecord) -> (Candidates.Part, InspectionRecord)? {
            guard record.recipe == recipe.name, let score = record.score, let limit = record.limit else { return nil }
            let part = Candidates.Part(
                seq: record.seq, verdict: record.verdict, score: score, limit: limit,
                isUncertain: record.uncertain == true,
                isOdd: record.sceneShift != nil || odd.contains(record.seq))
            return (part, record)
        }
        // Of newer ones first: what is too much is never looked up.
        let known = try judged.parts.suffix(ControlLimits.candidates).compactMap {
            try parts.record($0.seq).flatMap(part)
        }
        let newest = try parts.newest(.max, of: recipe.name, part)
        var records: [UInt64: InspectionRecord] = [:]
        for (part, record) in known + newest { records[part.seq] = record }
        let candidates = Candidates(judged, settled: try settled(recipe)).list(
            known: known.map(\.0), newest: newest.map(\.0),
            hasPicture: { part in records[part.seq].map(parts.hasPicture) ?? false })
        return CandidateListReply(recipe: recipe.name, candidates: candidates)
    }

    /// Dismissed, or shots that are there.
    private func settled(_ recipe: Recipe) throws -> Set<UInt64> {
        let shots = Set(recipe.view.normals.map(\.sha256))
        let all = try judgements.index.index.events([.candidate, .shotAdded])
        let failed = Set(all.compactMap(\.failed))
        return Set(
            all.compactMap { event -> UInt64? in
                guard event.refused != true, !failed.contains(event.seq) else { return nil }
                if event.event == .candidate {
                    guard case .count(let number) = event.after["seq"] else { return nil }
                    return UInt64(exactly: number)
                }
                guard case .text(let source) = event.after["source"], case .text(let sha256) = event.after["sha256"],
                    source.hasPrefix(ShotOrder.Source.verdictWord), shots.contains(sha256)
                else { return nil }
                return UInt64(source.dropFirst(ShotOrder.Source.verdictWord.count))
            })
    }

    private func dismiss(_ wanted: CandidateDismissal, by author: ChangeAuthor) throws -> CandidateDismissal {
        guard (1...ControlLimits.candidates).contains(wanted.seqs.count) else {
            throw ControlError.invalidRequest(
                "candidates: \(wanted.seqs.count) numbers: expected 1 to \(ControlLimits.candidates)")
        }
        for seq in wanted.seqs {
            guard let record = try parts.record(seq), let number = Int(exactly: seq) else {
                throw ControlError.notFound("candidates: no verdict \(seq) in the journal (any more)")
            }
            try events.record(by: author) {
                Change(
                    .candidate, recipe: record.recipe, camera: record.camera,
                    after: ["seq": .count(number), "fate": .text("dismissed")])
            } _: {
            }
        }
        return wanted
    }
}
