package import ControlProtocol
import FoundationEssentials
import Platform

/// What statistics are asked of.
package struct StatisticsQuestion: Sendable, Equatable {
    /// Microseconds since 1970: the first that counts, and the first that does not.
    package var from: Int64
    package var to: Int64
    package var shift: ShiftPlan.Stretch?
    package var camera: String?
    package var recipe: String?
    package var lot: String?
    package var by: StatisticsGrouping

    package init(
        from: Int64, to: Int64, shift: ShiftPlan.Stretch? = nil, camera: String? = nil, recipe: String? = nil,
        lot: String? = nil, by: StatisticsGrouping = .hour
    ) {
        self.from = from
        self.to = to
        self.shift = shift
        self.camera = camera
        self.recipe = recipe
        self.lot = lot
        self.by = by
    }

    package func counts(_ facts: VerdictFacts) -> Bool {
        facts.time >= from && facts.time < to && camera ?? facts.camera == facts.camera
            && recipe ?? facts.recipe == facts.recipe && (lot == nil || lot == facts.lot)
    }
}

/// Counts verdicts for a question, given in the order of their numbers.
package struct StatisticsCount {
    /// A place among the groups: hours and shifts by their beginning, others by their name.
    private struct Key: Hashable {
        var from: Int64?
        var name: String
    }

    /// What is inspected by a camera with a recipe; nil when nobody knows.
    package typealias AreaOf = @Sendable (_ camera: String, _ recipe: String) -> RegionsReply.Area?

    private struct Model: Hashable {
        var recipe: String
        var generation: Int
    }

    private let question: StatisticsQuestion
    private let plan: ShiftPlan
    private let rejudgements: Rejudgements
    private var total = Tally()
    private var groups: [Key: Tally] = [:]
    /// Of the newest part, for most parts are of the same hour.
    private var stretch: (from: Int64, to: Int64, key: Key)?
    /// By camera.
    private var newest: [String: Int64] = [:]
    private var scores: [Model: [(seq: UInt64, score: Double)]] = [:]
    /// OK parts since the newest NG; nil before the first.
    private var goodParts: Int?
    private var gaps: [(seq: UInt64, parts: Int)] = []
    /// The highest first, but for those that came since they were looked through last.
    private var highest: [HighScoreReply] = []
    private static let mostHighest = 12
    private var regions: RegionCount

    /// - Parameter rejudgements: with all events of the journal.
    package init(
        _ question: StatisticsQuestion, _ plan: ShiftPlan, _ rejudgements: Rejudgements = Rejudgements(),
        area: @escaping AreaOf = { _, _ in nil }
    ) {
        self.question = question
        self.plan = plan
        self.rejudgements = rejudgements
        regions = RegionCount(area)
    }

    package mutating func count(_ facts: VerdictFacts) {
        let isPart = Tally.isPart(facts)
        let previous = isPart ? newest.updateValue(facts.time, forKey: facts.camera) : nil
        let outcome = rejudgements.outcome(of: facts.seq)
        total.count(facts, after: previous, outcome)
        if let key = key(of: facts) { groups[key, default: Tally()].count(facts, after: previous, outcome) }
        guard isPart else { return }
        switch facts.verdict {
        case .ng:
            if let goodParts { gaps.append((facts.seq, goodParts)) }
            goodParts = 0
            regions.count(facts)
            if let score = facts.score { highest.append(HighScoreReply(seq: facts.seq, score: score)) }
            if highest.count > 1000 { highest = sortedHighest }
        case .ok:
            goodParts = goodParts.map { $0 + 1 }
            guard let score = facts.score, let generation = facts.generation else { return }
            scores[Model(recipe: facts.recipe, generation: generation), default: []].append((facts.seq, score))
        case .invalid: break
        }
    }

    private var sortedHighest: [HighScoreReply] {
        Array(highest.sorted { ($0.score, $1.seq) > ($1.score, $0.seq) }.prefix(Self.mostHighest))
    }

    /// - Parameter time: when it was set, by the clock of then.
    package mutating func countClockChange(at time: Int64) {
        guard time >= question.from, time < question.to else { return }
        total.countClockChange()
        if let key = key(at: time) { groups[key, default: Tally()].countClockChange() }
    }

    private mutating func key(of facts: VerdictFacts) -> Key? {
        switch question.by {
        case .hour, .shift: key(at: facts.time)
        case .recipe: Key(name: facts.recipe)
        case .camera: Key(name: facts.camera)
        case .lot: Key(name: facts.lot ?? "")
        case .cause: facts.cause.map { Key(name: $0) }
        }
    }

    /// Nil where groups have no time.
    private mutating func key(at time: Int64) -> Key? {
        if let stretch, time >= stretch.from, time < stretch.to { return stretch.key }
        switch question.by {
        case .hour:
            let from = plan.hour(of: time)
            // To the next quarter only: no zone's clock is set within one.
            let quarter = time - (time - from) % 900_000_000
            let key = Key(from: from, name: plan.local(from))
            stretch = (quarter, quarter + 900_000_000, key)
            return key
        case .shift:
            let shift = plan.shift(at: time)
            let key = Key(from: shift.from, name: "\(shift.day)/\(shift.name)")
            stretch = (shift.from, shift.to, key)
            return key
        case .recipe, .camera, .lot, .cause: return nil
        }
    }

    /// - Parameters:
    ///   - downtime: with all events of the journal.
    ///   - now: by the wall clock.
    package func reply(
        station: String, downtime: Downtime, index: IndexReply, now: Int64
    ) -> StatisticsReply {
        let ordered = groups.sorted { ($0.key.from ?? 0, $0.key.name) < ($1.key.from ?? 0, $1.key.name) }
        let groups = ordered.map { key, tally in
            GroupReply(
                name: key.name, from: key.from.map { WallTime(microsecondsSince1970: $0).rfc3339 }, tally: tally.result)
        }
        let down = downtime.result(from: question.from, to: question.to, now: now)
        let all = total.result
        return StatisticsReply(
            station: station, from: WallTime(microsecondsSince1970: question.from).rfc3339,
            to: WallTime(microsecondsSince1970: question.to).rfc3339,
            shift: question.shift.map { "\($0.day)/\($0.name)" }, camera: question.camera, recipe: question.recipe,
            lot: question.lot, timeZone: plan.zone.identifier, total: all,
            ngShare: ShareReply(all.ng, of: all.ok + all.ng),
            firstPassShare: ShareReply(all.numberedOK, of: all.numbered), highest: sortedHighest,
            regions: regions.replies, by: question.by,
            groups: groups,
            rateChart: [.hour, .shift].contains(question.by) ? RateChartReply(groups) : nil,
            scoreCharts: scores.sorted { ($0.key.recipe, $0.key.generation) < ($1.key.recipe, $1.key.generation) }
                .compactMap { ScoreChartReply(recipe: $0.recipe, generation: $0.generation, scores: $1) },
            gapChart: GapChartReply(gaps), downtime: down.states, downtimeSeconds: down.seconds, index: index,
            definitions: DefinitionReply.all)
    }
}
