import ArgumentParser
import Core
import Foundation

/// `fsacctl model list`. Verifies each, because a list of names that may not load is of no use. The exit code is 0 all
/// the same; that of `verify` is for scripts.
struct ModelList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the models and verify each.")

    @OptionGroup var options: ModelOptions

    func run() throws {
        let directory = options.directory
        let reports = directory.names.map { ModelReport(name: $0, in: directory) }
        if options.json {
            try printJSON(reports)
            return
        }
        guard !reports.isEmpty else {
            Terminal.line("no models in \(directory.path)")
            return
        }
        let rows = reports.map { report in
            [
                report.name, report.architecture ?? "?", report.bytes.map(Self.megabytes) ?? "missing",
                report.verified ? "yes" : "NO", report.licence ?? "?", report.source ?? "?",
            ]
        }
        Terminal.line(Self.table([["NAME", "ARCHITECTURE", "SIZE", "VERIFIED", "LICENCE", "SOURCE"]] + rows))
        // Below the table: a reason is longer than a column.
        for report in reports where !report.verified {
            Terminal.line("\(report.name): \(report.problem ?? "not verified")")
        }
    }

    private static func megabytes(_ bytes: Int) -> String { String(format: "%.1f MB", Double(bytes) / 1e6) }

    /// Columns as wide as their widest cell, two spaces apart.
    private static func table(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }.joined(separator: "\n")
    }
}
