import ControlProtocol
import Foundation

/// Statistics as people read them.
struct StatisticsView {
    let reply: StatisticsReply

    /// The numbers, the groups as a table, what stands out, and what each number means.
    var text: String {
        var block = Block()
        block.add("station", reply.station)
        block.add("stretch", stretch)
        for (name, value) in [("camera", reply.camera), ("recipe", reply.recipe), ("lot", reply.lot)] {
            block.add(name, value)
        }
        add(reply.total, to: &block)
        for down in reply.downtime {
            block.add(
                down == reply.downtime.first ? "downtime" : "",
                "\(Format.duration(seconds: down.seconds)) \(down.state) (\(down.count) times)")
        }
        if reply.downtime.count > 1 { block.add("", "\(Format.duration(seconds: reply.downtimeSeconds)) in all") }
        addCharts(to: &block)
        for regions in reply.regions { block.add("regions", Self.text(of: regions)) }
        if reply.index.unreadable > 0 {
            block.add(
                "unreadable", Style.doubtful("\(reply.index.unreadable) lines of the journal are counted nowhere"))
        }
        return block.text + "\n" + table.text + "\n" + definitions
    }

    private var stretch: String {
        let times = "\(reply.from) to \(reply.to)"
        return (reply.shift.map { "shift \($0), " } ?? "") + "\(times), clock of \(reply.timeZone)"
    }

    private func add(_ tally: TallyReply, to block: inout Block) {
        block.add(
            "parts",
            "\(tally.parts): \(Style.good("OK")) \(tally.ok)  \(Style.bad("NG")) \(tally.ng)  "
                + "\(Style.doubtful("INVALID")) \(tally.invalid)")
        block.add("NG rate", Self.share(tally.ngRate) + Self.bounds(reply.ngShare))
        block.add("judged share", Self.share(tally.judgedShare))
        if tally.numbered > 0 {
            block.add(
                "first pass",
                "\(Self.share(tally.firstPassYield)) (\(tally.numberedOK) of \(tally.numbered) part numbers)"
                    + Self.bounds(reply.firstPassShare))
        }
        if let rejudged = tally.rejudged { add(rejudged, to: &block) }
        if tally.reinspections > 0 { block.add("re-inspections", "\(tally.reinspections)") }
        let causes = tally.causes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
        if !causes.isEmpty { block.add("INVALID", causes.joined(separator: ", ")) }
        if tally.uncertain > 0 { block.add("uncertain", "\(tally.uncertain) of OK and NG") }
        if tally.commissioning > 0 { block.add("not counted", "\(tally.commissioning) parts of commissioning") }
        block.add("takt", tally.takt.map { String(format: "median %.2f s, 95 %% %.2f s", $0.p50, $0.p95) })
        if tally.clockChanges > 0 {
            block.add(
                "clock", Style.doubtful("was set \(tally.clockChanges) times: hours and shifts are by what it showed"))
        }
    }

    private func add(_ rejudged: RejudgedReply, to block: inout Block) {
        for (name, share, words) in [
            ("false rejects", rejudged.falseRejects, "of the NG judged again were good"),
            ("", rejudged.falseRejectRate, "of the good parts got NG"),
            ("escapes", rejudged.escapes, "of the OK judged again were bad"),
        ] {
            guard let share else { continue }
            block.add(
                name,
                "\(share.count) of \(share.of) \(words) (\(Format.percent(Double(share.count) / Double(share.of))), 95 %: "
                    + "\(Format.percent(share.lower)) to \(Format.percent(share.upper)))")
        }
        if rejudged.disputed > 0 { block.add("disputed", Style.doubtful("\(rejudged.disputed) parts: people differ")) }
    }

    private func addCharts(to block: inout Block) {
        if let chart = reply.rateChart {
            let out = chart.points.filter(\.isOut)
            let words =
                out.isEmpty
                ? "no \(reply.by.rawValue) out of its limits"
                : "out of limits: \(out.map(\.name).joined(separator: ", "))"
            let kind = chart.kind == "laney" ? "Laney p'" : "p chart"
            let text = "\(words) (\(kind), \(String(format: "sigma_z %.2f", chart.sigmaZ)))"
            block.add("rate chart", out.isEmpty ? text : Style.doubtful(text))
        }
        for chart in reply.scoreCharts {
            let share = Double(chart.out) / Double(chart.parts)
            let text =
                "\(chart.recipe) generation \(chart.generation): mean \(Format.score(Float(chart.mean))), "
                + "\(Format.percent(share)) of \(chart.parts) OK parts beyond the limits"
            block.add("score chart", chart.out == 0 ? text : Style.doubtful(text))
        }
        if let chart = reply.gapChart {
            let text = String(
                format: "%.1f OK parts from NG to NG, limits %d to %d", chart.centre, chart.lower, chart.upper)
            let words = "\(text), \(chart.out) of \(chart.gaps) beyond"
            block.add("gap chart", chart.out == 0 ? words : Style.doubtful(words))
        }
    }

    private static let shownFields = 5

    private static func text(of regions: RegionsReply) -> String {
        let fields = regions.fields
        let all = fields.reduce(0) { $0 + $1.count }
        let most = fields.prefix(shownFields).map {
            "\($0.name) \($0.count) (\(Format.percent(Double($0.count) / Double(all))))"
        }
        let more = fields.count > shownFields ? ", and \(fields.count - shownFields) fields more" : ""
        let outside = regions.outside > 0 ? "; \(regions.outside) outside of what is inspected now" : ""
        return "\(regions.camera) \(regions.recipe): NG by field, \(most.joined(separator: ", "))\(more)\(outside)"
    }

    private static func bounds(_ share: ShareReply?) -> String {
        share.map { ", 95 %: \(Format.percent($0.lower)) to \(Format.percent($0.upper))" } ?? ""
    }

    private static func share(_ share: Double?) -> String { share.map { Format.percent($0) } ?? "-" }

    private var table: Table {
        var table = Table(
            reply.by.rawValue.uppercased(), ">PARTS", ">OK", ">NG", ">INVALID", ">NG RATE", ">JUDGED", ">FIRST PASS",
            ">TAKT")
        for group in reply.groups {
            let tally = group.tally
            table.add(
                (group.name.isEmpty ? "(none)" : group.name) + (tally.clockChanges > 0 ? " (clock set)" : ""),
                "\(tally.parts)", "\(tally.ok)", "\(tally.ng)", "\(tally.invalid)", Self.share(tally.ngRate),
                Self.share(tally.judgedShare), Self.share(tally.firstPassYield),
                tally.takt.map { String(format: "%.2f s", $0.p50) } ?? "-")
        }
        return table
    }

    private var definitions: String {
        reply.definitions.map { Style.faint("\($0.term): \($0.means).\n") }.joined()
    }

    /// RFC 4180, with a row of names; what there is not is empty.
    var csv: String {
        var rows = [
            [
                reply.by.rawValue, "from", "parts", "ok", "ng", "invalid", "uncertain", "reinspections",
                "commissioning",
                "ng_rate", "judged_share", "numbered", "numbered_ok", "first_pass_yield", "takt_p50_s", "takt_p95_s",
                "clock_changes",
            ]
        ]
        for group in reply.groups {
            let tally = group.tally
            let counts = [
                tally.parts, tally.ok, tally.ng, tally.invalid, tally.uncertain, tally.reinspections,
                tally.commissioning,
            ]
            var row = [group.name, group.from ?? ""] + counts.map { "\($0)" }
            row += [
                Self.number(tally.ngRate), Self.number(tally.judgedShare), "\(tally.numbered)", "\(tally.numberedOK)",
            ]
            row +=
                [tally.firstPassYield, tally.takt?.p50, tally.takt?.p95].map(Self.number) + ["\(tally.clockChanges)"]
            rows.append(row)
        }
        return rows.map { $0.map(Self.quoted).joined(separator: ",") + "\r\n" }.joined()
    }

    private static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
        return "\"\(text.replacing("\"", with: "\"\""))\""
    }
}
