import ArgumentParser
import ControlProtocol

/// `fsacctl history`: a stretch of the journal. The lines come over the socket, so the daemon finds the segments, and
/// says what is gone.
struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show verdicts from the journal.",
        discussion: "Without --since the newest. With --json each line is the journal's own, byte for byte.")

    @Option(help: ArgumentHelp("Begin with this sequence number.", valueName: "seq"))
    var since: UInt64?

    @Option(help: "How many at most.")
    var limit = 100

    @Option(help: "Only these: OK, NG or INVALID.")
    // The daemon picks them, and looks back over 100,000 lines at most when --since does not say where to begin.
    var verdict: Verdict?

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        // As the daemon; --since with the last number and one goes on from there.
        if !(1...100_000).contains(limit) { throw ValidationError("--limit: expected 1 to 100000") }
    }

    func run() async throws {
        var query = ["limit": "\(limit)"]
        if let since { query["since"] = "\(since)" }
        if let verdict { query["verdict"] = verdict.rawValue }
        let printer = LinePrinter.verdicts(json: daemon.json)
        try await daemon.client.lines(ControlPath.history, query: query, printer.show)
    }
}
