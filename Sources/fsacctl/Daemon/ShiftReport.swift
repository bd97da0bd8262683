import ControlProtocol
import Core
import Foundation

/// What is told of a shift, as one HTML file.
struct ShiftReport {
    /// An NG with what is stored of it.
    struct Reject {
        let record: InspectionRecord
        let outcome: JudgementListReply.Outcome?
        let picture: Image?
        let nearest: NearestReply
        /// The part and the nearest good patch.
        let pair: Image?
    }

    let numbers: StatisticsReply
    let rejects: [Reject]
    let written: Date

    var page: HTML {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(title)</title>
        \(.reportStyle)\(Self.style)
        </head><body><main>
        <h1>\(title)</h1>
        <p class="faint">\(stretch)</p>
        \(notes)
        <div class="tiles">\(tiles)</div>
        <h2>By the hour</h2>
        \(hours)
        <h2>Is it by chance?</h2>
        \(ShiftCharts(numbers: numbers).html)
        <h2>Where the NG are</h2>
        \(regions)
        <h2>What stopped it</h2>
        \(downtime)
        <h2>What was not judged</h2>
        \(causes)
        <h2>What people said of parts afterwards</h2>
        \(rejudged)
        <h2>The NG with the highest scores</h2>
        <div class="rejects">\(figures)</div>
        <h2>What the numbers mean</h2>
        <dl>\(numbers.definitions.map { "<dt>\($0.term)</dt><dd>\($0.means)</dd>\n" as HTML })</dl>
        </main></body></html>

        """
    }

    private static let style: HTML = """
        <style>
        .tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0; }
        .tiles div { flex: 1 1 150px; border: 1px solid var(--rule); border-radius: 6px; padding: 8px 12px; }
        .tiles b { display: block; font-size: 1.7em; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .tiles small { color: var(--faint); }
        .charts table { align-self: flex-start; } .map rect { fill: var(--defective); stroke: var(--rule); } svg .count { fill: var(--ink); font-size: 14px; font-weight: 600; }
        .note { border-left: 6px solid var(--defective); padding-left: 10px; }
        .rejects figure { margin: 0 0 24px; max-width: 660px; } .rejects figcaption { text-align: left; }
        </style>
        """

    private var title: String { "\(numbers.station), shift \(numbers.shift ?? "")" }

    private var stretch: String {
        let filters = [("camera", numbers.camera), ("recipe", numbers.recipe)].compactMap { name, value in
            value.map { ", \(name) \($0)" }
        }
        return "\(time(numbers.from)) to \(time(numbers.to)), clock of \(numbers.timeZone)\(filters.joined()); "
            + "written \(time(written.formatted(.iso8601)))"
    }

    /// By the clock on the wall of the line's time zone.
    private func time(_ text: String) -> String {
        let seconds = text.prefix { $0 != "." && $0 != "Z" } + "Z"
        guard let date = try? Date(String(seconds), strategy: .iso8601),
            let zone = TimeZone(identifier: numbers.timeZone)
        else { return text }
        var style = Date.ISO8601FormatStyle(timeZone: zone).year().month().day().dateTimeSeparator(.space)
        style = style.time(includingFractionalSeconds: false)
        return date.formatted(style)
    }

    private var notes: [HTML] {
        var notes: [String] = []
        if let end = try? Date(numbers.to.prefix { $0 != "." && $0 != "Z" } + "Z", strategy: .iso8601), end > written {
            notes.append("The shift was still running when this was written.")
        }
        let index = numbers.index
        if index.lastSequence < index.journalSequence {
            notes.append(
                "Not complete: the index was being built, and had come to line \(index.lastSequence) of "
                    + "\(index.journalSequence).")
        }
        if index.unreadable > 0 { notes.append("\(index.unreadable) lines of the journal are counted nowhere.") }
        if numbers.total.clockChanges > 0 {
            notes.append("The clock was set \(numbers.total.clockChanges) times: hours are by what it showed.")
        }
        return notes.map { "<p class=\"note\">\($0)</p>\n" }
    }

    // MARK: Numbers

    private var tiles: [HTML] {
        let total = numbers.total
        var tiles = [
            Self.tile("parts", "\(total.parts)", "judged \(Self.share(total.judgedShare))"),
            Self.tile("OK", "\(total.ok)", "\(total.uncertain) of OK and NG near the limit"),
            Self.tile("NG", "\(total.ng)", Self.bounds(numbers.ngShare)),
            Self.tile("INVALID", "\(total.invalid)", "not judged"),
        ]
        if total.numbered > 0 {
            tiles.append(
                Self.tile("first pass", Self.share(total.firstPassYield), Self.bounds(numbers.firstPassShare)))
        }
        if total.reinspections > 0 {
            tiles.append(Self.tile("re-inspections", "\(total.reinspections)", "of part numbers"))
        }
        if let takt = total.takt {
            tiles.append(
                Self.tile("takt", String(format: "%.2f s", takt.p50), String(format: "95 %%: %.2f s", takt.p95)))
        }
        if total.commissioning > 0 {
            tiles.append(Self.tile("not counted", "\(total.commissioning)", "parts of commissioning"))
        }
        return tiles
    }

    private static func tile(_ name: String, _ value: String, _ more: String) -> HTML {
        "<div>\(name)<b>\(value)</b><small>\(more)</small></div>\n"
    }

    private static func share(_ share: Double?) -> String { share.map { Format.percent($0) } ?? "\u{2013}" }

    /// With what it rests on.
    private static func bounds(_ share: ShareReply?) -> String {
        guard let share else { return "\u{2013}" }
        return "\(Format.percent(Double(share.count) / Double(share.of))) of \(share.of), 95 %: "
            + "\(Format.percent(share.lower)) to \(Format.percent(share.upper))"
    }

    private var hours: HTML {
        let out = Set((numbers.rateChart?.points ?? []).filter(\.isOut).map(\.name))
        let rows = numbers.groups.map { group -> HTML in
            let tally = group.tally
            let takt = tally.takt.map { String(format: "%.2f s", $0.p50) } ?? "\u{2013}"
            let mark = (out.contains(group.name) ? " !" : "") + (tally.clockChanges > 0 ? " (clock set)" : "")
            return """
                <tr><td>\(group.name)\(mark)</td><td>\(tally.parts)</td><td>\(tally.ok)</td><td>\(tally.ng)</td>\
                <td>\(tally.invalid)</td><td>\(Self.share(tally.ngRate))</td><td>\(Self.share(tally.judgedShare))</td>\
                <td>\(Self.share(tally.firstPassYield))</td><td>\(takt)</td></tr>

                """
        }
        guard !rows.isEmpty else { return "<p class=\"none\">No part came.</p>" }
        return .wide(
            "By the hour",
            """
            <table><thead><tr><th>hour</th><th>parts</th><th>OK</th><th>NG</th><th>INVALID</th><th>NG rate</th>\
            <th>judged</th><th>first pass</th><th>takt</th></tr></thead>
            <tbody>\(rows)</tbody></table>
            """)
    }

    private var regions: HTML {
        let maps = numbers.regions.map { regions -> HTML in
            let fields = regions.fields
            let all = fields.reduce(0) { $0 + $1.count }
            let rows = fields.prefix(10).map { field -> HTML in
                let share = Format.percent(Double(field.count) / Double(max(all, 1)))
                return "<tr><td>\(field.name)</td><td>\(field.count)</td><td>\(share)</td></tr>\n"
            }
            let outside = regions.outside > 0 ? "; \(regions.outside) NG are outside of what is inspected now" : ""
            return """
                <figure class="map">\(Self.map(of: regions))<figcaption>\(regions.camera), recipe \(regions.recipe): \(all) NG by the field of \
                the inspected region\(outside)</figcaption></figure>
                <table><thead><tr><th>field</th><th>NG</th><th>share</th></tr></thead><tbody>\(rows)</tbody></table>

                """
        }
        return maps.isEmpty
            ? "<p class=\"none\">No NG with a place is known.</p>" : "<div class=\"charts\">\(maps)</div>"
    }

    /// The inspected region in its proportion, each field the darker the more NG it holds.
    private static func map(of regions: RegionsReply) -> HTML {
        let (columns, rows) = (RegionsReply.columns, RegionsReply.rows)
        let width = 40.0
        let height = min(max(width * Double(regions.area.height * columns) / Double(regions.area.width * rows), 16), 80)
        let most = Double(max(regions.counts.joined().max() ?? 1, 1))
        let fields = regions.counts.enumerated().flatMap { row, counts in
            counts.enumerated().map { column, count -> HTML in
                let (x, y) = (Double(column) * width, Double(row) * height)
                let shade = String(format: "%.2f", 0.7 * Double(count) / most)
                let text: HTML =
                    count == 0
                    ? ""
                    : "<text class=\"count\" x=\"\(x + width / 2)\" y=\"\(y + height / 2 + 5)\" text-anchor=\"middle\">\(count)</text>"
                return """
                    <rect x="\(x)" y="\(y)" width="\(width)" height="\(height)" fill-opacity="\(shade)"/>\(text)
                    """
            }
        }
        let all = fields.count
        return """
            <svg role="img" aria-label="NG in \(all) fields" viewBox="0 0 \(width * Double(columns)) \(height * Double(rows))">\(fields)</svg>
            """
    }

    private var downtime: HTML {
        guard !numbers.downtime.isEmpty else { return "<p class=\"none\">Nothing that lasted 3 s or longer.</p>" }
        let rows = numbers.downtime.map { down -> HTML in
            "<tr><td>\(down.state)</td><td>\(Format.duration(seconds: down.seconds))</td><td>\(down.count)</td></tr>\n"
        }
        return """
            <table><thead><tr><th>state</th><th>how long</th><th>how often</th></tr></thead><tbody>\(rows)
            <tr class="mean"><td>in all</td><td>\(Format.duration(seconds: numbers.downtimeSeconds))</td><td></td></tr></tbody></table>
            """
    }

    private var causes: HTML {
        let causes = numbers.total.causes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        guard !causes.isEmpty else { return "<p class=\"none\">Every part was judged.</p>" }
        let rows = causes.map { cause, count -> HTML in "<tr><td>\(cause)</td><td>\(count)</td></tr>\n" }
        return "<table><thead><tr><th>cause</th><th>INVALID</th></tr></thead><tbody>\(rows)</tbody></table>"
    }

    private var rejudged: HTML {
        guard let rejudged = numbers.total.rejudged else { return "<p class=\"none\">Nothing.</p>" }
        let rows = [
            ("NG that were good", rejudged.falseRejects), ("good parts that got NG", rejudged.falseRejectRate),
            ("OK that were bad", rejudged.escapes),
        ].compactMap { name, share in
            share.map { "<tr><td>\(name)</td><td>\($0.count)</td><td>\(Self.bounds($0))</td></tr>\n" as HTML }
        }
        let disputed =
            rejudged.disputed > 0 ? "People differ about \(rejudged.disputed) parts, which are in neither." : ""
        return "<table><tbody>\(rows)</tbody></table><p class=\"faint\">\(disputed)</p>"
    }

    // MARK: Pictures

    private var figures: [HTML] {
        if rejects.isEmpty { return ["<p class=\"none\">None is shown.</p>"] }
        return rejects.map(figure)
    }

    private func figure(_ reject: Reject) -> HTML {
        let record = reject.record
        let part = record.part ?? record.frame
        let name = "Part \(record.seq)" + (part.isEmpty ? "" : ", \(part)")
        let score = record.score.map { Format.score($0) } ?? "\u{2013}"
        let limit = record.limit.map { Format.score($0) } ?? "\u{2013}"
        let said: String =
            switch reject.outcome {
            case .good: "; people say that it is good"
            case .bad: "; people say that it is bad"
            case .disputed: "; people differ about it"
            case nil: ""
            }
        let picture: HTML =
            reject.picture.map { .picture($0, "\(name)") }
            ?? "<p class=\"none\">No picture of it is stored (any more).</p>"
        let pair: HTML =
            reject.pair.map { .picture($0, "where \(name) is most unusual, and beside it what is good") } ?? ""
        return """
            <figure>\(picture)\(pair)<figcaption>\(name), \(time(record.time)), \(record.camera), recipe \(record.recipe): \
            score \(score), limit \(limit)\(said).<br>\(reject.nearest.text)</figcaption></figure>

            """
    }
}
