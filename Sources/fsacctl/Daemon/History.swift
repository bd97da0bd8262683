import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl history`: a stretch of the journal. The lines come over the socket, so the daemon finds the segments, and
/// says what is gone.
struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show verdicts from the journal.",
        discussion: """
            Without --since the newest. With --json each line is the journal's own, byte for byte. An answer that is cut says so \
            on standard error, and how to go on.
            """)

    @Option(help: Since.help)
    var since: Since?

    @Option(name: [.customShort("n", allowingJoined: true), .long], help: "How many at most.")
    var limit = 100

    @OptionGroup var filter: VerdictFilter
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        // As the daemon; --since with the last number and one goes on from there.
        if !(1...100_000).contains(limit) { throw ValidationError("--limit: expected 1 to 100000") }
    }

    func run() async throws {
        var query = filter.query
        query["limit"] = "\(limit)"
        if let since { query["since"] = since.text }
        let printer = LinePrinter.verdicts(json: daemon.json)
        let end = try await daemon.client.lines(ControlPath.history, query: query, printer.show)
        if let next = end[CutAnswer.next] {
            Terminal.complain("cut at --limit \(limit), there is more: go on with --since \(next)")
        }
        if since == nil, let before = end[CutAnswer.before] { Terminal.complain(filter.words(before, limit: limit)) }
    }
}

/// Which verdicts are shown. The daemon picks them.
struct VerdictFilter: ParsableArguments {
    @Option(help: "Only these: OK, NG or INVALID.")
    var verdict: Verdict?

    @Option(help: "Only those of the part with this serial number.")
    var part: String?

    var query: [String: String] {
        var query: [String: String] = [:]
        if let verdict { query["verdict"] = verdict.rawValue }
        if let part { query["part"] = part }
        return query
    }

    /// - Parameter before: the number below which nothing was looked at.
    func words(_ before: String, limit: Int) -> String {
        let shown =
            query.isEmpty ? "the newest \(limit) are shown" : "what is older than number \(before) was not looked at"
        return "cut: \(shown): --limit N shows more, --since 1 begins with the oldest"
    }
}
