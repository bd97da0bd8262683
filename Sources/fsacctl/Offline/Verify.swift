import ArgumentParser
import ControlProtocol
import Core
import Foundation
import Journal
import Platform

/// `fsacctl verify`: whether everything is there that was once written. For people after a fault, for auditors, and for
/// scripts by its exit code.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read the journals and look at the pictures that they name: what is damaged or missing?",
        discussion: """
            It reads every line of verdicts and events below the state directory and changes nothing, with the daemon \
            running or without. Exits with 0 when all is there; 1 when lines are damaged, missing, there twice or out of \
            order, cannot be read, or are not those that an anchor was made of; 2 when only pictures are missing or damaged. Pictures that are older than all that \
            are stored of their class gave way to newer ones, and some were dropped because the disk was full or too slow, \
            as the event journal says: they are counted, and are not missing. Once an hour the daemon writes an anchor, what all lines of before \
            come to, into the event journal; who keeps anchors elsewhere (a broker does) can have them compared.
            """)

    @Option(help: ArgumentHelp("The daemon's state directory.", valueName: "path"), completion: .directory)
    var state = "/var/lib/fsac"

    @Flag(inversion: .prefixedNo, help: "Look at the pictures, too.")
    var pictures = true

    @Option(
        help: ArgumentHelp(
            "Anchors that were kept elsewhere: events `anchor`, a line each, as a broker has them in fsac/<station>/anchor.",
            valueName: "file"), completion: .file())
    var anchors: String?

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        var verdicts: JournalReport
        var events: JournalReport
        var anchors: AnchorReport
        /// Absent with `--no-pictures`.
        var pictures: PictureReport?

        /// Nil = all is there.
        var exitCode: ExitCode? {
            if verdicts.damage + events.damage + anchors.findings.count > 0 { return .failure }
            return pictures?.damage ?? 0 > 0 ? ExitCode(2) : nil
        }
    }

    func run() throws {
        let report = try report()
        if json { try printJSON(report) } else { Terminal.write(Self.text(of: report)) }
        if let code = report.exitCode { throw code }
    }

    private func report() throws -> Report {
        // A misspelt directory is no state without damage.
        _ = try Disk().names(in: "\(state)/journal")
        let kept = try keptAnchors()
        let (verdictFolder, eventFolder) = ("\(state)/journal", "\(state)/events")
        let total = try [verdictFolder, eventFolder].reduce(0) { try $0 + JournalVerification.byteCount(folder: $1) }
        let bar = ProgressBar("verifying", total: Double(total))
        defer { bar.finish() }
        var done = 0
        func read(_ folder: String, _ look: @escaping (VerdictLine) -> Void) throws -> JournalReport {
            try JournalVerification.run(folder: folder, look: look) { count in
                done += count
                bar.update(Double(done))
                return true
            }
        }
        // First, as it says which pictures were never stored, and has the anchors.
        var (dropped, chains) = ([EventRecord](), AnchorVerification())
        let events = try read(eventFolder) { line in
            chains.find(in: line)
            guard let event = try? ControlCoding.decode(EventRecord.self, from: line.bytes),
                event.event == .picturesDropped
            else { return }
            dropped.append(event)
        }
        chains.begin()
        _ = try JournalVerification.run(folder: eventFolder, look: { chains.look(atEvent: $0) })
        var stored = PictureVerification(stateDirectory: state, events: dropped) { ImageFormat(sniffing: $0) != nil }
        let verdicts = try read(verdictFolder) { line in
            chains.look(atVerdict: line)
            if pictures { stored.look(at: line) }
        }
        // With the daemon running they may be on their way.
        stored.finish(patience: .seconds(2))
        return Report(
            verdicts: verdicts, events: events, anchors: chains.finish(kept: kept),
            pictures: pictures ? stored.report : nil)
    }

    private struct Named: Decodable {
        var journal: String?
    }

    /// Nil = none are given.
    private func keptAnchors() throws -> [EventRecord]? {
        guard let anchors else { return nil }
        let identity = try JournalIdentity.read(of: "\(state)/journal", disk: Disk())
        return try Disk().read(anchors).split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            let (line, place) = (Array(line), "\(anchors): line \(index + 1)")
            guard let event = try? ControlCoding.decode(EventRecord.self, from: line), event.event == .anchor else {
                throw ValidationError("\(place): expected an event `anchor`, as the broker has it")
            }
            if let journal = try ControlCoding.decode(Named.self, from: line).journal,
                case .known(let own) = identity, own.text != journal
            {
                throw ValidationError("\(place): of the journal \(journal), and this one is \(own.text)")
            }
            return event
        }
    }

    /// What there is, then what is wrong with it.
    ///
    ///     verdicts  3 segments, 120300 lines: 1 to 120300
    ///     events    1 segment, 57 lines: 1 to 57
    ///     anchors   12, the lines of 12 as they were; 12 that were kept are the same
    ///     pictures  ok: 90102 named, 8 stored, 90094 gave way
    ///               ng: 212 named, 212 stored
    ///     damage    none
    private static func text(of report: Report) -> String {
        var block = Block()
        block.add("verdicts", words(report.verdicts))
        block.add("events", words(report.events))
        block.add("anchors", words(report.anchors))
        var name = "pictures"
        for pictureClass in PictureClass.allCases {
            guard let row = report.pictures?.classes[pictureClass.rawValue] else { continue }
            block.add(name, "\(pictureClass.rawValue): \(words(row))")
            name = ""
        }
        var findings = [report.verdicts, report.events].flatMap { report in
            report.findings.map(\.description)
                + (report.damage > report.findings.count ? ["\(report.damage) places in all"] : [])
        }
        findings += report.anchors.findings.map(\.description)
        if let pictures = report.pictures {
            findings += pictures.examples.map { "\($0): missing, or no picture" }
            if pictures.damage > pictures.examples.count { findings.append("\(pictures.damage) pictures in all") }
        }
        block.add("damage", findings.first.map { Style.bad($0) } ?? "none")
        for finding in findings.dropFirst() { block.add("", Style.bad(finding)) }
        return block.text
    }

    private static func words(_ report: JournalReport) -> String {
        var text = "\(report.segments) segment\(report.segments == 1 ? "" : "s"), \(report.lines) lines"
        if let first = report.first, let last = report.last { text += ": \(first) to \(last)" }
        if report.leftOut > 0 { text += ", \(report.leftOut) numbers left out by runs that were killed" }
        if report.setAside > 0 { text += ", \(report.setAside) files set aside (torn-*.bin)" }
        return text
    }

    private static func words(_ report: AnchorReport) -> String {
        let kept = report.kept.map { "; \($0) that were kept are the same" } ?? ""
        return "\(report.anchors), the lines of \(report.checked) as they were\(kept)"
    }

    private static func words(_ row: PictureReport.Row) -> String {
        let rest = [
            (row.removed, "gave way"), (row.dropped, "dropped"), (row.missing, "missing"), (row.damaged, "damaged"),
        ]
        .filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        return "\(row.named) named, \(row.stored) stored\(rest)"
    }
}
