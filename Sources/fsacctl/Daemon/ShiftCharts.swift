import ControlProtocol
import Core
import Foundation

/// The control charts of a report, each with what stands out in words.
struct ShiftCharts {
    let numbers: StatisticsReply

    var html: HTML {
        let charts =
            [numbers.rateChart.map(Self.rates)].compactMap(\.self)
            + numbers.scoreCharts.map(Self.scores) + [numbers.gapChart.map(Self.gaps)].compactMap(\.self)
        guard !charts.isEmpty else { return "<p class=\"none\">Too few parts for a chart.</p>" }
        return """
            <div class="charts">\(charts.map(\.chart.svg))</div>
            <ul>\(charts.map { "<li>\($0.words)</li>\n" as HTML })</ul>
            """
    }

    private static func rates(_ chart: RateChartReply) -> (chart: Chart, words: String) {
        let points = chart.points
        let highest = points.map { max($0.rate, $0.upper) }.max() ?? 1
        var drawing = Chart(
            "NG rate by the hour", x: "hour", 0...Double(points.count), y: "NG rate", 0...max(highest * 1.08, 0.001))
        // As many names as there is room for.
        let step = max(1, (points.count + 7) / 8)
        drawing.xNames = stride(from: 0, to: points.count, by: step).map { index in
            // 2026-10-25T02:00+02:00
            (Double(index) + 0.5, String(points[index].name.dropFirst(11).prefix(2)))
        }
        for bound in [points.map(\.lower), points.map(\.upper)] {
            drawing.addLine(
                bound.enumerated().flatMap { [(Double($0), $1), (Double($0) + 1, $1)] }, style: "limit")
        }
        drawing.addLine([(0, chart.centre), (Double(points.count), chart.centre)], style: "mean")
        drawing.addLine(points.enumerated().map { (Double($0) + 0.5, $1.rate) }, style: "seed")
        for (index, point) in points.enumerated() {
            drawing.addPoint((Double(index) + 0.5, point.rate), style: point.isOut ? "out" : "in")
        }
        let out = points.filter(\.isOut).map(\.name)
        let kind = chart.kind == "laney" ? "Laney's p' chart" : "p chart"
        let words =
            out.isEmpty ? "no hour is outside of the limits" : "outside of the limits: \(out.joined(separator: ", "))"
        return (
            drawing,
            "NG rate: \(words) (\(kind), mean \(Format.percent(chart.centre)), "
                + "\(String(format: "sigma_z %.2f", chart.sigmaZ)))."
        )
    }

    private static func scores(_ chart: ScoreChartReply) -> (chart: Chart, words: String) {
        let points = chart.points
        let values = points.flatMap { [$0.value, $0.lower, $0.upper] }
        let (least, most) = (values.min() ?? 0, values.max() ?? 1)
        let margin = max((most - least) * 0.08, 0.001)
        var drawing = Chart(
            "Weighted mean of OK scores, \(chart.recipe) generation \(chart.generation)", x: "OK parts, in their order",
            0...Double(max(points.count - 1, 1)), y: "score", least - margin...most + margin)
        drawing.xNames = [(0, "first"), (Double(points.count - 1), "last")]
        for (line, style) in [
            (points.map(\.lower), "limit"), (points.map(\.upper), "limit"), (points.map(\.value), "mean"),
        ] {
            drawing.addLine(line.enumerated().map { (Double($0), $1) }, style: style)
        }
        return (
            drawing,
            "Scores of \(chart.recipe), generation \(chart.generation): mean \(Format.score(Float(chart.mean))), the weighted mean "
                + "was outside of its limits at \(chart.out) of \(chart.parts) OK parts."
        )
    }

    private static func gaps(_ chart: GapChartReply) -> (chart: Chart, words: String) {
        let points = chart.points
        let highest = points.map { max($0.parts, chart.upper) }.max() ?? 1
        var drawing = Chart(
            "OK parts from NG to NG", x: "NG, the newest on the right", 0...Double(points.count),
            y: "OK parts before it",
            0...Double(highest) * 1.08 + 1)
        drawing.xNames = []
        for (index, point) in points.enumerated() {
            let place = Double(index)
            drawing.addBar(
                x: place + 0.1...place + 0.9, height: Double(point.parts),
                style: point.parts < chart.lower || point.parts > chart.upper ? "defective" : "good")
        }
        for bound in [chart.lower, chart.upper] {
            drawing.addLine([(0, Double(bound)), (Double(points.count), Double(bound))], style: "limit")
        }
        drawing.addLine([(0, chart.centre), (Double(points.count), chart.centre)], style: "mean")
        return (
            drawing,
            String(
                format:
                    "From NG to NG: %.1f OK parts on the average, limits %d to %d; %d of %d gaps are outside of them.",
                chart.centre, chart.lower, chart.upper, chart.out, chart.gaps)
        )
    }
}
