import ArgumentParser
import ControlClient
import ControlProtocol
import Foundation

extension StatisticsGrouping: ExpressibleByArgument {}

/// `fsacctl statistics`: how many, how bad, since when. The daemon counts; its clock and time zone say when a shift begins.
struct StatisticsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics",
        abstract: "Count the parts of a shift, a lot, a recipe or a stretch of time.",
        discussion: """
            Without --shift, --since or --lot the shift that runs. Shifts and their time zone are in the table [statistics] of the \
            configuration. What each number means stands below the numbers, and in `definitions` with --json.
            """)

    @Option(
        help: ArgumentHelp(
            "current, a shift's name (the newest), or a day and a name: today/early, yesterday/late, 2026-11-27/night.",
            valueName: "shift"))
    var shift: String?

    @Option(help: ArgumentHelp("Begin with this time: 12:30, \"2026-11-27 06:00\", 2026-11-27.", valueName: "time"))
    var since: Since?

    @Option(help: ArgumentHelp("End before this time, as --since.", valueName: "time"))
    var until: Since?

    @Option(help: ArgumentHelp("Only the parts of this lot.", valueName: "name"))
    var lot: String?

    @Option(help: ArgumentHelp("Only the parts of this recipe.", valueName: "name"))
    var recipe: String?

    @Option(help: ArgumentHelp("Only the parts of this camera.", valueName: "name"))
    var camera: String?

    @Option(help: "What the parts are grouped by.")
    var by = StatisticsGrouping.hour

    @Flag(help: "Print the groups as comma-separated values.")
    var csv = false

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if csv, daemon.json { throw ValidationError("--csv and --json: expected one of them") }
        if shift != nil, since != nil || until != nil {
            throw ValidationError("--shift and --since or --until: expected one or the other")
        }
        // A number says nothing of a time.
        for (name, time) in [("--since", since), ("--until", until)] where time.map({ UInt64($0.text) != nil }) ?? false
        {
            throw ValidationError("\(name): expected a time, as in 12:30 or 2026-11-27")
        }
    }

    func run() async throws {
        var query = ["by": by.rawValue]
        query["shift"] = shift
        query["since"] = since?.text
        query["until"] = until?.text
        query["lot"] = lot
        query["recipe"] = recipe
        query["camera"] = camera
        let reply = try await daemon.client.get(ControlPath.statistics, query: query, as: StatisticsReply.self)
        if reply.index.lastSequence < reply.index.journalSequence {
            Terminal.complain(
                "not complete: the index is being built and has come to \(reply.index.lastSequence) of "
                    + "\(reply.index.journalSequence): ask again")
        }
        let view = StatisticsView(reply: reply)
        if daemon.json { return try printJSON(reply) }
        Terminal.write(csv ? view.csv : view.text)
    }
}

/// `fsacctl find`: where a part is.
struct Find: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the verdicts on a part number or a lot, wherever in the journal they are.",
        discussion: "With --json each line is the journal's own, byte for byte.")

    @Option(help: ArgumentHelp("The part's serial number.", valueName: "number"))
    var part: String?

    @Option(help: ArgumentHelp("The lot.", valueName: "name"))
    var lot: String?

    @Option(name: [.customShort("n", allowingJoined: true), .long], help: "How many at most, the newest.")
    var limit = 100

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if part == nil, lot == nil { throw ValidationError("expected --part, --lot or both") }
        if !(1...1000).contains(limit) { throw ValidationError("--limit: expected 1 to 1000") }
    }

    func run() async throws {
        var query = ["limit": "\(limit)"]
        query["part"] = part
        query["lot"] = lot
        let printer = LinePrinter.verdicts(json: daemon.json)
        let end = try await daemon.client.lines(ControlPath.find, query: query, printer.show)
        if end[CutAnswer.before] != nil {
            Terminal.complain("cut: the newest \(limit) are shown: --limit N shows more")
        }
        if let next = end[CutAnswer.next] {
            Terminal.complain(
                "not complete: the index is being built, from number \(next) on nothing was looked at: ask again")
        }
        if printer.count == 0 { Terminal.complain("no verdict on it in the journal") }
    }
}
