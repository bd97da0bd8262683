import ControlProtocol
import HTTPTypes
import Hummingbird
import Journal
import JournalIndex
import NIOCore
import Platform
import Statistics

/// What is counted of the journal, and where a part is in it.
struct StatisticsRoutes: Sendable {
    /// Groups by hour of one answer, some 83 days.
    private static let mostHours: Int64 = 2000
    private static let hour: Int64 = 3_600_000_000

    let index: IndexService
    let verdicts: any VerdictSource
    let plan: ShiftPlan
    let events: EventLog
    let station: String
    let area: StatisticsCount.AreaOf

    var routes: [ControlRoute] {
        [
            ControlRoute(
                .get, ControlPath.statistics,
                parameters: ["shift", "since", "until", "camera", "recipe", "lot", "by"]
            ) { request in
                let query = request.query
                return try .json(await WorkLane.slow.run { try statistics(query) })
            },
            ControlRoute(.get, ControlPath.find, parameters: ["part", "lot", "limit"], answer: find),
        ]
    }

    private func statistics(_ query: ControlQuery) throws -> StatisticsReply {
        let progress = try index.refresh()
        let now = WallTime.now.microsecondsSince1970
        let question = try question(query, now: now)
        var count = StatisticsCount(
            question, plan, Rejudgements(try index.index.events([.judgement])), area: area)
        try index.index.count(question, into: &count)
        for event in try index.index.events([.clock]) {
            guard let time = WallTime(rfc3339: event.time) else { continue }
            count.countClockChange(at: time.microsecondsSince1970)
        }
        return count.reply(
            station: station, downtime: try index.index.downtime(), index: progress, now: now)
    }

    private func question(_ query: ControlQuery, now: Int64) throws -> StatisticsQuestion {
        let (camera, recipe, lot) = (query.text("camera"), query.text("recipe"), query.text("lot"))
        let by = try grouping(query.text("by"))
        let (since, until) = (try time("since", query), try time("until", query))
        var question = StatisticsQuestion(
            from: since ?? 0, to: until ?? now + 1, camera: camera, recipe: recipe, lot: lot, by: by)
        if let text = query.text("shift") {
            guard since == nil, until == nil else {
                throw ControlError.invalidRequest("statistics: shift and since or until: expected one or the other")
            }
            question.shift = try shift(text, now: now)
        } else if since == nil, lot == nil {
            question.shift = plan.shift(at: until.map { $0 - 1 } ?? now)
            if let until { question.to = until }
        }
        if let shift = question.shift { (question.from, question.to) = (shift.from, min(shift.to, until ?? shift.to)) }
        if since == nil, question.shift == nil {
            let bounds = try index.index.bounds(of: question) ?? (now, now)
            (question.from, question.to) = (bounds.from, until ?? bounds.to)
        }
        guard question.from <= question.to else {
            throw ControlError.invalidRequest("statistics: since is after until: expected a time before it")
        }
        guard by != .hour || (question.to - question.from) / Self.hour <= Self.mostHours else {
            throw ControlError.invalidRequest(
                "statistics: more than \(Self.mostHours) hours: expected fewer, or by=shift")
        }
        return question
    }

    private func grouping(_ text: String?) throws -> StatisticsGrouping {
        guard let text else { return .hour }
        guard let by = StatisticsGrouping(rawValue: text) else {
            let known = StatisticsGrouping.allCases.map(\.rawValue).joined(separator: ", ")
            throw ControlError.invalidRequest("statistics: by=\(text.prefix(40)): expected one of \(known)")
        }
        return by
    }

    private func time(_ name: String, _ query: ControlQuery) throws -> Int64? {
        guard let text = query.text(name) else { return nil }
        guard let time = WallTime(rfc3339: text) else {
            throw ControlError.invalidRequest(
                "statistics: \(name)=\(text.prefix(40)): expected a time such as 2026-01-02T03:04:05Z")
        }
        return time.microsecondsSince1970
    }

    /// `current`, a name, or a day and a name.
    private func shift(_ text: String, now: Int64) throws -> ShiftPlan.Stretch {
        if text == "current" { return plan.shift(at: now) }
        let pieces = text.split(separator: "/", maxSplits: 1).map(String.init)
        let shift =
            pieces.count == 2 ? plan.shift(pieces[1], on: pieces[0], now: now) : plan.newest(text, by: now)
        guard let shift else {
            let names = plan.shifts.map(\.name).joined(separator: ", ")
            throw ControlError.invalidRequest(
                "statistics: shift=\(text.prefix(60)): expected current, one of \(names), or a day and one of them, as in "
                    + "today/\(plan.shifts[0].name) or 2026-11-27/\(plan.shifts[0].name)")
        }
        return shift
    }

    /// Journal lines of a part or a lot, oldest first: the newest ones where there are more. Says in ``CutAnswer``'s fields what was not
    /// looked at.
    @Sendable private func find(_ request: ControlRequest) async throws -> Response {
        let (part, lot) = (request.query.text("part"), request.query.text("lot"))
        guard part != nil || lot != nil else {
            throw ControlError.invalidRequest("find: expected part=NUMBER, lot=NAME or both")
        }
        let limit: Int = try request.query.number("limit") ?? 100
        guard (1...1000).contains(limit) else {
            throw ControlError.invalidRequest("find: limit=\(limit): expected 1 to 1000")
        }
        let (buffer, end) = try await WorkLane.slow.run { try lines(part: part, lot: lot, limit: limit) }
        return Response(
            status: .ok, headers: [.contentType: "application/jsonl"],
            body: ResponseBody { writer in
                if buffer.readableBytes > 0 { try await writer.write(buffer) }
                try await writer.finish(end)
            })
    }

    private func lines(part: String?, lot: String?, limit: Int) throws -> (ByteBuffer, HTTPFields) {
        let progress = try index.refresh()
        let found = try index.index.sequences(part: part, lot: lot, count: limit + 1)
        var (buffer, end) = (ByteBuffer(), HTTPFields())
        for sequence in found.suffix(limit) {
            // Retention may have taken it a moment ago.
            guard let line = try verdicts.lines(from: sequence, count: 1).first, line.sequence == sequence else {
                continue
            }
            LineFraming.lines.write(line, to: &buffer)
        }
        if found.count > limit, let name = HTTPField.Name(CutAnswer.before) { end[name] = "\(found[1])" }
        if progress.lastSequence < progress.journalSequence, let name = HTTPField.Name(CutAnswer.next) {
            end[name] = "\(progress.lastSequence + 1)"
        }
        return (buffer, end)
    }
}
