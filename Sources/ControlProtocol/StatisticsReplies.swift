/// What the parts of a stretch are counted by.
package enum StatisticsGrouping: String, Codable, Sendable, CaseIterable {
    case hour, shift, recipe, camera, lot, cause
}

/// Answer of `GET /v1/statistics`: what the journal says of a stretch of time, a lot, a recipe or a camera, with what each number
/// means. Times are RFC 3339; `from` and `to` in UTC.
package struct StatisticsReply: Codable, Sendable, Equatable {
    package var station: String
    /// The first moment that counts, and the first that does not.
    package var from: String
    package var to: String
    /// `2026-11-27/early`, where a shift was asked for.
    package var shift: String?
    package var camera: String?
    package var recipe: String?
    package var lot: String?
    /// By which shifts and hours are told: `Europe/Berlin`.
    package var timeZone: String
    package var total: TallyReply
    /// NG of OK and NG, and part numbers that were OK at once, with what they rest on; absent where there are none.
    package var ngShare: ShareReply?
    package var firstPassShare: ShareReply?
    /// The NG with the highest scores, the highest first, at most 12.
    package var highest: [HighScoreReply]
    /// Where NG are most unusual, by camera and recipe; without cameras that gave no picture since the start.
    package var regions: [RegionsReply]
    package var by: StatisticsGrouping
    /// In the order of their beginnings or names; those without a line are left out.
    package var groups: [GroupReply]
    /// Of the groups by hour or shift; absent when fewer than two of them have a verdict.
    package var rateChart: RateChartReply?
    /// Of each recipe and generation that gave an OK.
    package var scoreCharts: [ScoreChartReply]
    /// Absent when fewer than two NG came.
    package var gapChart: GapChartReply?
    /// By the state, the longest first.
    package var downtime: [DowntimeReply]
    /// Of all states together: what overlaps counts once.
    package var downtimeSeconds: Double
    package var index: IndexReply
    package var definitions: [DefinitionReply]

    package init(
        station: String, from: String, to: String, shift: String?, camera: String?, recipe: String?, lot: String?,
        timeZone: String, total: TallyReply, ngShare: ShareReply?, firstPassShare: ShareReply?,
        highest: [HighScoreReply], regions: [RegionsReply], by: StatisticsGrouping, groups: [GroupReply],
        rateChart: RateChartReply?, scoreCharts: [ScoreChartReply], gapChart: GapChartReply?,
        downtime: [DowntimeReply], downtimeSeconds: Double, index: IndexReply, definitions: [DefinitionReply]
    ) {
        self.station = station
        self.from = from
        self.to = to
        self.shift = shift
        self.camera = camera
        self.recipe = recipe
        self.lot = lot
        self.timeZone = timeZone
        self.total = total
        self.ngShare = ngShare
        self.firstPassShare = firstPassShare
        self.highest = highest
        self.regions = regions
        self.by = by
        self.groups = groups
        self.rateChart = rateChart
        self.scoreCharts = scoreCharts
        self.gapChart = gapChart
        self.downtime = downtime
        self.downtimeSeconds = downtimeSeconds
        self.index = index
        self.definitions = definitions
    }

    private enum CodingKeys: String, CodingKey {
        case station, from, to, shift, camera, recipe, lot, total, highest, regions, by, groups, downtime, index,
            definitions
        case timeZone = "time_zone"
        case ngShare = "ng_share"
        case firstPassShare = "first_pass_share"
        case rateChart = "rate_chart"
        case scoreCharts = "score_charts"
        case gapChart = "gap_chart"
        case downtimeSeconds = "downtime_s"
    }
}

/// An NG that stands out.
package struct HighScoreReply: Codable, Sendable, Equatable {
    package var seq: UInt64
    package var score: Double

    package init(seq: UInt64, score: Double) {
        self.seq = seq
        self.score = score
    }
}

/// What was counted. `definitions` of the answer says what each number means.
package struct TallyReply: Codable, Sendable, Equatable {
    package var parts: Int
    package var ok: Int
    package var ng: Int
    package var invalid: Int
    package var uncertain: Int
    package var reinspections: Int
    /// Not among the parts.
    package var commissioning: Int
    /// INVALID parts by cause; sums to `invalid`.
    package var causes: [String: Int]
    /// Absent without a judged part.
    package var ngRate: Double?
    /// Absent without a part.
    package var judgedShare: Double?
    /// Part numbers, by camera, whose first verdict is among the parts, and those of them for which it is OK.
    package var numbered: Int
    package var numberedOK: Int
    /// Absent where no part had a number.
    package var firstPassYield: Double?
    /// Seconds; absent with fewer than two parts of a camera.
    package var takt: TaktReply?
    /// How often the clock was set in it.
    package var clockChanges: Int
    /// Absent where nobody judged a part again.
    package var rejudged: RejudgedReply?

    package init(
        parts: Int = 0, ok: Int = 0, ng: Int = 0, invalid: Int = 0, uncertain: Int = 0, reinspections: Int = 0,
        commissioning: Int = 0, causes: [String: Int] = [:], ngRate: Double? = nil, judgedShare: Double? = nil,
        numbered: Int = 0, numberedOK: Int = 0, firstPassYield: Double? = nil, takt: TaktReply? = nil,
        clockChanges: Int = 0, rejudged: RejudgedReply? = nil
    ) {
        self.parts = parts
        self.ok = ok
        self.ng = ng
        self.invalid = invalid
        self.uncertain = uncertain
        self.reinspections = reinspections
        self.commissioning = commissioning
        self.causes = causes
        self.ngRate = ngRate
        self.judgedShare = judgedShare
        self.numbered = numbered
        self.numberedOK = numberedOK
        self.firstPassYield = firstPassYield
        self.takt = takt
        self.clockChanges = clockChanges
        self.rejudged = rejudged
    }

    private enum CodingKeys: String, CodingKey {
        case parts, ok, ng, invalid, uncertain, reinspections, commissioning, causes, numbered, takt, rejudged
        case ngRate = "ng_rate"
        case judgedShare = "judged_share"
        case numberedOK = "numbered_ok"
        case firstPassYield = "first_pass_yield"
        case clockChanges = "clock_changes"
    }
}

/// Seconds between parts of one camera that follow each other (nearest rank).
package struct TaktReply: Codable, Sendable, Equatable {
    package var p50: Double
    package var p95: Double

    package init(p50: Double, p95: Double) {
        self.p50 = p50
        self.p95 = p95
    }
}

/// What was counted of an hour, a shift, a recipe, ...
package struct GroupReply: Codable, Sendable, Equatable {
    /// `2026-10-25T02:00+02:00`, `2026-11-27/early`, or the name of the recipe, camera, lot or cause; empty = no lot.
    package var name: String
    /// Of an hour or a shift, UTC.
    package var from: String?
    package var tally: TallyReply

    package init(name: String, from: String?, tally: TallyReply) {
        self.name = name
        self.from = from
        self.tally = tally
    }
}

/// Whether the NG rates of hours or shifts differ by more than chance: a p chart, and Laney's p' chart where the rates
/// scatter more than a p chart allows (Laney 2002, "Improved control charts for attributes").
package struct RateChartReply: Codable, Sendable, Equatable {
    /// NG/(OK+NG) of all of them.
    package var centre: Double
    /// How much wider the rates scatter than those of parts that are independent: Laney's sigma_z.
    package var sigmaZ: Double
    /// `laney` where `sigmaZ` is above 1, else `p`: what the limits are of.
    package var kind: String
    package var points: [Point]

    package struct Point: Codable, Sendable, Equatable {
        package var name: String
        package var judged: Int
        package var rate: Double
        /// Three sigma, not below 0 and not above 1.
        package var lower: Double
        package var upper: Double
        package var isOut: Bool

        package init(name: String, judged: Int, rate: Double, lower: Double, upper: Double, isOut: Bool) {
            self.name = name
            self.judged = judged
            self.rate = rate
            self.lower = lower
            self.upper = upper
            self.isOut = isOut
        }

        private enum CodingKeys: String, CodingKey {
            case name, judged, rate, lower, upper
            case isOut = "out"
        }
    }

    package init(centre: Double, sigmaZ: Double, kind: String, points: [Point]) {
        self.centre = centre
        self.sigmaZ = sigmaZ
        self.kind = kind
        self.points = points
    }

    private enum CodingKeys: String, CodingKey {
        case centre, kind, points
        case sigmaZ = "sigma_z"
    }
}

/// Where the scores of OK parts drift to: their exponentially weighted mean with limits, in the order of the numbers.
package struct ScoreChartReply: Codable, Sendable, Equatable {
    package var recipe: String
    package var generation: Int
    package var parts: Int
    /// Of the scores; sigma by the mean moving range.
    package var mean: Double
    package var sigma: Double
    /// Parts at which the weighted mean was outside of its limits.
    package var out: Int
    /// At even distances, the newest among them.
    package var points: [Point]

    package struct Point: Codable, Sendable, Equatable {
        package var seq: UInt64
        package var value: Double
        package var lower: Double
        package var upper: Double

        package init(seq: UInt64, value: Double, lower: Double, upper: Double) {
            self.seq = seq
            self.value = value
            self.lower = lower
            self.upper = upper
        }
    }

    package init(
        recipe: String, generation: Int, parts: Int, mean: Double, sigma: Double, out: Int, points: [Point]
    ) {
        self.recipe = recipe
        self.generation = generation
        self.parts = parts
        self.mean = mean
        self.sigma = sigma
        self.out = out
        self.points = points
    }
}

/// How many OK parts lie between one NG and the next: a g chart, for NG that are rare.
package struct GapChartReply: Codable, Sendable, Equatable {
    /// Mean.
    package var centre: Double
    /// Fewer OK parts between two NG, or more, come once in 741 gaps by chance (0.135 %), if parts are independent.
    package var lower: Int
    package var upper: Int
    /// Gaps, of which the newest 100 are in `points`.
    package var gaps: Int
    package var out: Int
    package var points: [Point]

    package struct Point: Codable, Sendable, Equatable {
        /// The NG that ended the gap.
        package var seq: UInt64
        package var parts: Int

        package init(seq: UInt64, parts: Int) {
            self.seq = seq
            self.parts = parts
        }
    }

    package init(centre: Double, lower: Int, upper: Int, gaps: Int, out: Int, points: [Point]) {
        self.centre = centre
        self.lower = lower
        self.upper = upper
        self.gaps = gaps
        self.out = out
        self.points = points
    }
}

/// For how long a fault kept parts from their verdicts.
package struct DowntimeReply: Codable, Sendable, Equatable {
    /// A state of `status`, or `not_running`.
    package var state: String
    /// How often it began, or was so at the beginning.
    package var count: Int
    package var seconds: Double

    package init(state: String, count: Int, seconds: Double) {
        self.state = state
        self.count = count
        self.seconds = seconds
    }
}

/// How far the index has come that statistics are made of. It is made of the journals and made anew when it is lost.
package struct IndexReply: Codable, Sendable, Equatable {
    /// Of the newest verdict in it, and of the journal: different while an index is built anew.
    package var lastSequence: UInt64
    package var journalSequence: UInt64
    /// Lines that this version cannot read: they are counted nowhere else.
    package var unreadable: Int

    package init(lastSequence: UInt64, journalSequence: UInt64, unreadable: Int) {
        self.lastSequence = lastSequence
        self.journalSequence = journalSequence
        self.unreadable = unreadable
    }

    private enum CodingKeys: String, CodingKey {
        case unreadable
        case lastSequence = "last_seq"
        case journalSequence = "journal_seq"
    }
}

/// What a number means.
package struct DefinitionReply: Codable, Sendable, Equatable {
    package var term: String
    package var means: String

    package init(term: String, means: String) {
        self.term = term
        self.means = means
    }
}
