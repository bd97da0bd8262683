import ArgumentParser
import ControlClient
import ControlProtocol
import Foundation
import Platform

/// `fsacctl events`: who changed what. The lines come over the socket, so the daemon finds the segments.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show who changed what: limits, shots, models, recipes, the configuration.",
        discussion: """
            Each change is in the event journal, on the disk, before it is made. With --json each line is that journal's own, \
            byte for byte.
            """)

    @Flag(name: [.short, .customShort("F"), .long], help: "Go on with each new event.")
    var follow = false

    @Option(help: Since.help)
    var since: Since?

    @Option(name: [.customShort("n", allowingJoined: true), .long], help: "How many at most to begin with; also -N.")
    var lines = 20

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if !(1...100_000).contains(lines) { throw ValidationError("--lines: expected 1 to 100000") }
    }

    func run() async throws {
        let printer = LinePrinter.events(json: daemon.json)
        var query = ["limit": "\(lines)"]
        if let since { query["since"] = since.text }
        if follow { Terminal.endWithReader() }
        let end = try await daemon.client.lines(ControlPath.events, query: query, printer.show)
        guard follow else {
            if let next = end[CutAnswer.next] {
                Terminal.complain("cut at --lines \(lines), there is more: go on with --since \(next)")
            } else if since == nil, end[CutAnswer.before] != nil {
                Terminal.complain(
                    "cut: the newest \(lines) are shown: --lines N shows more, --since 1 begins with the oldest")
            }
            return
        }
        try await Follower(client: daemon.client, path: ControlPath.eventsTail, printer: printer)
            .follow(from: ["since": "\(printer.next)"])
    }
}

/// An event as people read it: one line a change.
///
///     2026-01-02 14:03:07     17  limit  bottle  anna (uid 1000, pid 4711)  value 1.231, manual false -> value 0.5, manual true
struct EventLineView {
    let record: EventRecord

    var text: String {
        let time = record.time.prefix { $0 != "." }.replacing("T", with: " ")
        var words = [Style.faint(time + "Z"), String(format: "%6llu", record.seq), Style.strong(record.event.rawValue)]
        words += [record.recipe, record.camera].compactMap(\.self)
        words.append(who)
        if let failed = record.failed {
            words.append(Style.bad("event \(failed) failed: \(PrintableText.line(record.error ?? ""))"))
        } else {
            words.append([Self.text(record.before), Self.text(record.after)].joined(separator: " -> "))
        }
        if record.refused == true { words.append(Style.bad("refused: it could not be written in time")) }
        return words.joined(separator: "  ") + "\n"
    }

    private var who: String {
        guard record.origin == .control else {
            return record.origin.rawValue + (record.name.map { " (\(PrintableText.line($0)))" } ?? "")
        }
        let (uid, pid) = (record.uid.map { "uid \($0)" }, record.pid.map { "pid \($0)" })
        let numbers = [uid, pid].compactMap(\.self).joined(separator: ", ")
        return record.user.map { "\($0) (\(numbers))" } ?? numbers
    }

    private static func text(_ values: [String: EventValue]) -> String {
        values.isEmpty
            ? "-"
            : values.sorted { $0.key < $1.key }.map { "\($0.key) \(PrintableText.line($0.value.description))" }
                .joined(separator: ", ")
    }
}
