import ArgumentParser
import ControlClient
import ControlProtocol
import Core
import Foundation

/// `fsacctl report`: what is handed on.
struct Report: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a report that can be read without this program.", subcommands: [ReportShift.self])
}

struct ReportShift: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shift",
        abstract: "Write the report of a shift: counts, rates, charts, downtime, and the NG with the highest scores.",
        discussion: """
            One HTML file that needs nothing else: pictures and drawings are in it, and what each number means. The numbers are those of \
            `fsacctl statistics`. A shift that still runs is told as far as it has come.
            """)

    private static let most = 12

    @Option(help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file(extensions: ["html"]))
    var html: String

    @Option(
        help: ArgumentHelp(
            "current, a shift's name (the newest), or a day and a name: today/early, yesterday/late, 2026-11-27/night.",
            valueName: "shift"))
    var shift = "current"

    @Option(help: ArgumentHelp("Only the parts of this recipe.", valueName: "name"))
    var recipe: String?

    @Option(help: ArgumentHelp("Only the parts of this camera.", valueName: "name"))
    var camera: String?

    @Option(help: "How many NG to show with their pictures, at most 12.")
    var pictures = 6

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if !(0...Self.most).contains(pictures) { throw ValidationError("--pictures: expected 0 to \(Self.most)") }
        if daemon.json { throw ValidationError("--json: `fsacctl statistics --json` has the numbers") }
    }

    func run() async throws {
        try OutputFile.prepare(html)
        let client = daemon.client
        var query = ["shift": shift, "by": "hour"]
        query["recipe"] = recipe
        query["camera"] = camera
        let numbers = try await client.get(ControlPath.statistics, query: query, as: StatisticsReply.self)
        let shown = Array(numbers.highest.prefix(pictures))
        let first = shown.map(\.seq).min() ?? 0
        let judged = try await client.get(
            ControlPath.judgements, query: ["since": "\(first)"], as: JudgementListReply.self)
        var rejects: [ShiftReport.Reject] = []
        for reject in shown {
            let said = judged.parts.first { $0.seq == reject.seq }
            do {
                rejects.append(try await self.reject(reject.seq, said?.outcome, client))
            } catch DaemonError.refused(let body) where body.code.isAbsence {
                // Retention took its line a moment ago.
            }
        }
        let report = ShiftReport(numbers: numbers, rejects: rejects, written: .now)
        try OutputFile.write(Array(report.page.source.utf8), to: html)
        if numbers.index.lastSequence < numbers.index.journalSequence {
            Terminal.complain(
                "not complete: the index is being built and has come to \(numbers.index.lastSequence) of "
                    + "\(numbers.index.journalSequence): write it again later; the report says so, too")
        }
        Terminal.line("\(html): shift \(numbers.shift ?? shift), \(numbers.total.parts) parts")
    }

    /// What is stored of a part may be gone at any time, and the report says so.
    private func reject(
        _ seq: UInt64, _ outcome: JudgementListReply.Outcome?, _ client: DaemonClient
    ) async throws -> ShiftReport.Reject {
        let path = "\(ControlPath.inspections)/\(seq)"
        let record = try await client.get(path, as: InspectionRecord.self)
        var picture = try await stored("\(path)/heatmap", client)
        if picture == nil { picture = try await stored("\(path)/image", client) }
        let nearest = try await client.get("\(path)/nearest", query: ["as": "json"], as: NearestReply.self)
        let pair = nearest.missing == nil ? try await stored("\(path)/nearest", client) : nil
        return ShiftReport.Reject(
            record: record, outcome: outcome, picture: picture.flatMap { Self.reduced($0, to: 640) },
            nearest: nearest, pair: pair.flatMap { Self.reduced($0, to: 648) })
    }

    private func stored(_ path: String, _ client: DaemonClient) async throws -> [UInt8]? {
        do {
            return try await client.bytes(.get, path)
        } catch DaemonError.refused(let body) where body.code.isAbsence {
            return nil
        }
    }

    /// No wider than `width`; nil of what is no picture.
    private static func reduced(_ bytes: [UInt8], to width: Int) -> Image? {
        guard let image = try? Picture(.file, bytes: bytes).image() else { return nil }
        guard image.width > width else { return image }
        return image.resized(
            height: max(1, image.height * width / image.width), width: width, filter: .bicubic)
    }
}
