internal import Foundation

extension Evaluation {
    /// The whole evaluation as one HTML file that needs nothing else: tables, curves, histograms, and the pictures that were
    /// judged wrong. It holds pictures of the data set.
    ///
    /// - Parameters:
    ///   - origin: when and how it was made, and of what.
    ///   - link: where the picture of a data set's name and a file name below `test` is to be found; nil = nowhere.
    ///   - read: that picture.
    ///   - shot: the picture of a data set's name and a shot's file name.
    /// - Throws: what `read` and `shot` throw.
    package func html(
        origin: String, link: (_ set: String, _ file: String) -> String? = { _, _ in nil },
        read: @escaping (_ set: String, _ file: String) throws -> Picture,
        shot: @escaping (_ set: String, _ name: String) throws -> Picture
    ) throws -> String {
        let sections = try results.map { result in
            let source = Gallery.Source(
                area: settings.area, test: { try read(result.set, $0) }, shot: { try shot(result.set, $0) })
            return try Self.section(result, link: { link(result.set, $0) }, source)
        }
        let page: HTML = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>\(title)</title>
            \(.reportStyle)
            </head><body><main>
            <h1>\(title)</h1><p class="faint">\(origin)</p>
            <h2>All data sets</h2>
            \(summary)
            <p class="faint">Means and deviations over the seeds; the last rows are means over the data sets. False rejects, escapes and
            balanced accuracy are those at the limit that the shots alone gave; the best accuracy is that of the limit which would suit
            these test pictures best.</p>
            <details open><summary>What the figures say</summary><dl>\(Self.explanations)</dl></details>
            \(sections)
            <h2>Settings</h2><pre>\(settingsText)</pre>
            </main>\(PictureTable.script)
            </body></html>

            """
        return page.source
    }

    private var settingsText: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        // Settings are numbers and words: they always encode.
        let settings = (try? encoder.encode(settings)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return "backbone \(backbone.name), sha-256 \(backbone.sha256)\n\(threads) threads\n\(settings)"
    }

    private var summary: HTML {
        let rows = results.map { result -> HTML in
            "<tr><td>\(result.set)</td><td>\(result.shots)</td>\(Self.cells(result.mean, result.deviation))</tr>\n"
        }
        let means = results.count > means.count ? means : []
        let last = means.map { mean -> HTML in
            "<tr class=\"mean\"><td>mean</td><td>\(mean.shots)</td>\(Self.cells(mean.mean, mean.deviation))</tr>\n"
        }
        return .wide(
            "All data sets",
            """
            <table><thead><tr><th>data set</th><th>shots</th>\(Self.headings)</tr></thead>
            <tbody>\(rows)\(last)</tbody></table>
            """)
    }

    private static let columns: [(heading: String, metric: EvaluationMetric, digits: Int)] = [
        ("I-AUROC", .imageAUROC, 3), ("I-AUPR", .imageAUPR, 3), ("F1-max", .f1Max, 3), ("P-AUROC", .pixelAUROC, 3),
        ("AUPRO", .aupro, 3), ("false rejects", .falseRejectRate, 3), ("escapes", .escapeRate, 3),
        ("balanced accuracy", .balancedAccuracy, 3), ("best", .bestBalancedAccuracy, 3), ("limit", .limit, 3),
        ("fit s", .fitSeconds, 1), ("ms a picture", .millisecondsPerImage, 1),
    ]

    private static var explanations: [HTML] {
        columns.map { "<dt>\($0.heading)</dt><dd>\($0.metric.words)</dd>\n" }
    }

    private static var headings: [HTML] { columns.map { "<th>\($0.heading)</th>" } }

    private static func cells(_ figures: EvaluationFigures, _ deviation: EvaluationFigures?) -> [HTML] {
        columns.map { column in
            guard let value = figures[column.metric] else { return "<td>–</td>" }
            let text = String(format: "%.\(column.digits)f", value)
            guard let deviation = deviation?[column.metric] else { return "<td>\(text)</td>" }
            return "<td>\(text) ± \(String(format: "%.\(column.digits)f", deviation))</td>"
        }
    }

    private static func section(
        _ result: ShotEvaluation, link: (String) -> String?, _ source: Gallery.Source
    ) throws -> HTML {
        let seeds = result.runs.count > 1 ? result.runs.map(\.histogram.svg) : []
        let name = "\(result.set), \(result.shots) shot\(result.shots == 1 ? "" : "s")"
        return """
            <h3>\(name)</h3>
            <div class="charts">\(result.rocChart.svg)\(result.precisionRecallChart.svg)\(result.histogram.svg)</div>
            <p class="key"><i style="background:var(--good)"></i>good, and each seed's curve\
            <i style="background:var(--defective)"></i>defective<i style="background:var(--mean)"></i>mean of the seeds\
            <i style="background:var(--limit)"></i>limit from the shots</p>
            <div class="charts seeds">\(seeds)</div>
            <details open><summary>Seeds</summary>\(HTML.wide("Seeds of \(name)", table(of: result.runs)))</details>
            \(try Gallery(result).html(source))
            \(PictureTable(result.runs).html("Pictures of \(name)", link: link))
            """
    }

    private static func table(of runs: [EvaluationRun]) -> HTML {
        let rows = runs.map { run -> HTML in
            let layers = run.layers.map(String.init).joined(separator: ", ")
            return """
                <tr><td>\(run.seed)\(run.isCached ? " (cached)" : "")</td>\(cells(run.figures, nil))\
                <td>\(run.inputSize)</td><td>\(layers)</td><td>\(run.shots.joined(separator: " "))</td></tr>

                """
        }
        return """
            <table><thead><tr><th>seed</th>\(headings)<th>input</th><th>layers</th><th>shots</th></tr></thead>
            <tbody>\(rows)</tbody></table>
            """
    }
}
