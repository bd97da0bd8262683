internal import Foundation

/// Every test picture with its scores, in a table that is sorted by a click on a heading: the worst mistakes come first.
struct PictureTable {
    /// One picture over the seeds.
    struct Row: Equatable {
        let file: String
        /// nil is good.
        let defect: String?
        /// Means over the seeds; `share` is the score over the seed's own limit.
        let score: Double
        let share: Double
        let seeds: Int
        /// Seeds that judge it wrong.
        let mistakes: Int

        /// How far it is on the wrong side, in limits; less than 0 on the right one.
        var margin: Double { defect == nil ? share - 1 : 1 - share }
    }

    let rows: [Row]

    init(_ runs: [EvaluationRun]) {
        var found: [String: [(run: EvaluationRun, picture: EvaluationRun.Picture)]] = [:]
        for run in runs {
            for picture in run.pictures { found[picture.file, default: []].append((run, picture)) }
        }
        rows = found.compactMap { file, tests in
            guard let first = tests.first else { return nil }
            let count = Double(tests.count)
            let shares = tests.map { Double($0.picture.score) / ($0.run.figures[.limit] ?? 1) }
            return Row(
                file: file, defect: first.picture.defect,
                score: tests.map { Double($0.picture.score) }.reduce(0, +) / count,
                share: shares.reduce(0, +) / count, seeds: tests.count,
                mistakes: shares.count { ($0 >= 1) == (first.picture.defect == nil) })
        }
        .sorted { ($0.margin, $1.file) > ($1.margin, $0.file) }
    }

    private static let headings = ["picture", "kind", "score", "of the limit", "verdict", "mistakes"]

    /// - Parameters:
    ///   - name: of the table, for who hears it.
    ///   - link: where the picture of a file name below `test` is; nil = nowhere.
    func html(_ name: String, link: (_ file: String) -> String?) -> HTML {
        let rows = rows.map { row -> HTML in
            let name: HTML = link(row.file).map { "<a href=\"\($0)\">\(row.file)</a>" } ?? "\(row.file)"
            let verdict = row.share >= 1 ? "NG" : "OK"
            let mistakes =
                row.mistakes == 0 ? "" : row.seeds == 1 ? "wrong" : "wrong in \(row.mistakes) of \(row.seeds)"
            return """
                <tr><td>\(name)</td><td>\(row.defect ?? "good")</td><td>\(Self.number(row.score))</td>\
                <td>\(Self.number(row.share))</td><td>\(verdict)</td><td>\(mistakes)</td></tr>

                """
        }
        let headings = Self.headings.map { "<th><button type=\"button\">\($0)</button></th>" as HTML }
        let table: HTML = """
            <table class="sortable"><thead><tr>\(headings)</tr></thead>
            <tbody>\(rows)</tbody></table>
            """
        return "<details><summary>All \(self.rows.count) pictures</summary>\(HTML.wide(name, table))</details>"
    }

    private static func number(_ value: Double) -> String { String(format: "%.4f", value) }

    /// Sorts by the column whose heading is clicked, numbers as numbers; a second click turns the order round.
    static let script: HTML = """
        <script>
        for (const head of document.querySelectorAll("table.sortable th")) head.firstChild.addEventListener("click", () => {
          const body = head.closest("table").tBodies[0], column = head.cellIndex;
          const turn = head.ariaSort === "ascending" ? -1 : 1;
          for (const other of head.parentNode.cells) other.ariaSort = null;
          head.ariaSort = turn === 1 ? "ascending" : "descending";
          const key = (row) => row.cells[column].textContent;
          const rows = Array.from(body.rows);
          const isNumber = rows.every((row) => !isNaN(key(row)));
          rows.sort((a, b) => turn * (isNumber ? key(a) - key(b) : key(a).localeCompare(key(b), undefined, { numeric: true })));
          body.append(...rows);
        });
        </script>
        """
}
