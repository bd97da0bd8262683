import ArgumentParser
import Core
import Foundation
import Platform

/// Where the outcome of an evaluation goes: a table for people, JSON with every picture's score, CSV for a spreadsheet,
/// a report to look at.
struct EvaluationOutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: "Also write a table with one line a run.", completion: .file(extensions: ["csv"]))
    var csv: String?

    @Option(
        help: ArgumentHelp(
            "Also write a report: curves, histograms, and the worst false rejects and escapes, with what is unusual in them beside the nearest good patch. It holds pictures of the data set. PATH is a file that ends in .html, or a folder, which gets an index.html.",
            valueName: "path"),
        completion: .file())
    var report: String?

    /// A name that ends as a page does is one, unless it is a folder already.
    private var reportFile: String? {
        report.map { path in
            let isPage = [".html", ".htm"].contains { path.lowercased().hasSuffix($0) }
            return isPage && !OutputFile.isFolder(path) ? path : path + "/index.html"
        }
    }

    /// Makes the folders that will be written into. What cannot be written shows now, not after hours.
    func prepare() throws(ClientError) {
        for path in [csv, reportFile].compactMap(\.self) { try OutputFile.prepare(path) }
    }

    /// - Parameter directory: that the user named.
    func write(_ evaluation: Evaluation, of sets: [DataSet], in directory: String) throws {
        // Files first: who waits for the table can rely on them. Each is there whole or not at all.
        if let csv { try OutputFile.write(Array(evaluation.csv.utf8), to: csv) }
        if let reportFile { try write(report: evaluation, of: sets, in: directory, to: reportFile) }
        if json { try printJSON(evaluation) } else { printTable(evaluation) }
    }

    private func write(
        report evaluation: Evaluation, of sets: [DataSet], in directory: String, to file: String
    ) throws {
        // The report holds its pictures, so that it can be sent as one file; they are read again only now, and few of
        // them.
        var (paths, shots) = ([String: String](), [String: String]())
        for set in sets {
            for picture in set.test { paths[set.name + "/" + picture.file] = picture.path }
            for path in set.train { shots[set.name + "/" + FilePath.split(path).name] = path }
        }
        let page = try evaluation.html(
            origin: origin(evaluation, of: directory),
            link: { set, file in paths[set + "/" + file].map { URL(filePath: $0).absoluteString } },
            read: { set, file in Picture(.file, bytes: try ImageFile.read(path: paths[set + "/" + file] ?? file)) },
            shot: { set, name in Picture(.file, bytes: try ImageFile.read(path: shots[set + "/" + name] ?? name)) })
        try OutputFile.write(Array(page.utf8), to: file)
    }

    private func origin(_ evaluation: Evaluation, of directory: String) -> String {
        let time = Date.now.formatted(.iso8601)
        // A report of a smaller test has to say so.
        let pictures = evaluation.draw.map { ", at most \($0.count) test pictures of each kind (seed \($0.seed))" }
        return "fsacctl evaluate of \(URL(filePath: directory).standardizedFileURL.path), \(time)\(pictures ?? "")"
    }

    private func printTable(_ evaluation: Evaluation) {
        let runs = evaluation.results.flatMap(\.runs)
        let cached = runs.count(where: \.isCached)
        Terminal.line(
            "\(evaluation.title), \(runs.count) runs"
                + (cached > 0 ? ", \(cached) of them from the cache with the times of then" : ""))
        var table = Table("SET", ">SHOTS", ">SEEDS")
        table.columns += Self.columns.map { Table.Column(heading: $0.heading, alignment: .right) }
        table.rows = evaluation.results.map { result in
            [result.set, "\(result.shots)", "\(result.runs.count)"]
                + Self.cells(result.mean, result.runs.count > 1 ? result.deviation : nil)
        }
        // The mean of one set would be the line above it.
        if Set(evaluation.results.map(\.set)).count > 1 {
            table.rows += evaluation.means.map { mean in
                ["mean", "\(mean.shots)", ""]
                    + Self.cells(mean.mean, runs.contains { $0.seed > 0 } ? mean.deviation : nil)
            }
        }
        Terminal.write(table.text)
    }

    private static let columns: [(heading: String, metric: EvaluationMetric)] = [
        ("I-AUROC", .imageAUROC), ("I-AUPR", .imageAUPR), ("F1-MAX", .f1Max), ("P-AUROC", .pixelAUROC),
        ("AUPRO", .aupro), ("LIMIT", .limit), ("FALSE REJECTS", .falseRejectRate), ("ESCAPES", .escapeRate),
        ("BAL. ACCURACY", .balancedAccuracy), ("OF THE BEST", .balancedAccuracyRatio), ("FIT S", .fitSeconds),
        ("MS/IMAGE", .millisecondsPerImage),
    ]

    private static func cells(_ mean: EvaluationFigures, _ deviation: EvaluationFigures?) -> [String] {
        columns.map { column in
            guard let value = mean[column.metric] else { return "-" }
            let digits = [.millisecondsPerImage, .fitSeconds].contains(column.metric) ? 1 : 3
            let text = String(format: "%.\(digits)f", value)
            guard let deviation = deviation?[column.metric] else { return text }
            return text + String(format: " ±%.\(digits)f", deviation)
        }
    }
}
