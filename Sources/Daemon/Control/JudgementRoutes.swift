import ControlProtocol
import Hummingbird
import Journal
import JournalIndex
import Platform
import Statistics

/// What people say of parts that have their verdicts.
struct JudgementRoutes: Sendable {
    /// Of one answer.
    private static let most = 1000

    let index: IndexService
    let parts: RecentParts
    /// Whose pictures stay.
    let pins: PinnedParts
    let events: EventLog

    var routes: [ControlRoute] {
        [
            ControlRoute(.post, ControlPath.judgements, JudgementRequest.self) { request, wanted in
                try .json(await WorkLane.slow.run { try judge(wanted, by: request.author) }, status: .created)
            },
            ControlRoute(.get, ControlPath.judgements, parameters: ["since", "limit"]) { request in
                let since: UInt64 = try request.query.number("since") ?? 0
                let limit: Int = try request.query.number("limit") ?? Self.most
                guard (1...Self.most).contains(limit) else {
                    throw ControlError.invalidRequest("judgements: limit=\(limit): expected 1 to \(Self.most)")
                }
                return try .json(
                    await WorkLane.slow.run {
                        let judged = try judged().parts.filter { $0.seq >= since }
                        return JudgementListReply(parts: judged.suffix(limit), retention: PinnedParts.most)
                    })
            },
        ]
    }

    /// All that was said so far. Reads the index.
    func judged() throws -> Rejudgements {
        _ = try index.refresh()
        return Rejudgements(try index.index.events([.judgement]))
    }

    /// What somebody says of a part, on the disk before the answer.
    private func judge(_ wanted: JudgementRequest, by author: ChangeAuthor) throws -> JudgementReply {
        guard let line = try parts.source.lines(from: wanted.seq, count: 1).first, line.sequence == wanted.seq,
            let number = Int(exactly: wanted.seq)
        else { throw ControlError.notFound("judge: no verdict \(wanted.seq) in the journal (any more)") }
        let part = try ControlCoding.decode(Judged.self, from: line.bytes)
        let verdict = part.verdict
        guard verdict != .invalid else {
            throw ControlError(
                code: .conflict,
                message:
                    "judge: \(wanted.seq) is INVALID: expected OK or NG, for what nobody judged cannot be judged again")
        }
        var after: [String: EventValue] = [
            "seq": .count(number), "judged": .text(wanted.judged.rawValue), "verdict": .text(verdict.rawValue),
        ]
        after["note"] = wanted.note.map { .text(PrintableText.line($0, atMost: 200)) }
        after["defect"] = wanted.defect.map { .text(PrintableText.line($0, atMost: 40)) }
        return try events.record(by: author) {
            Change(.judgement, recipe: part.recipe, camera: part.camera, after: after)
        } _: {
            // Words that are taken back let go of it at the next start: somebody else may have said something, too.
            if wanted.judged != .unsure { pins.pin(wanted.seq) }
            return JudgementReply(
                seq: wanted.seq, verdict: verdict, judged: wanted.judged,
                hasPicture: try parts.record(wanted.seq).map(parts.hasPicture) ?? false)
        }
    }

    private struct Judged: Decodable {
        var verdict: Verdict
        var recipe: String?
        var camera: String?
    }
}
