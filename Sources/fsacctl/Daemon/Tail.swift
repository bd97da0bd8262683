import ArgumentParser
import ControlClient
package import ControlProtocol

/// `fsacctl tail`: for a person at the line, and with `-f --json` for programs that act on verdicts.
///
/// What it keeps over a restart is one number, the place behind the last line that was shown: the journal has all the
/// rest.
struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the newest verdicts, and with -f each one as it comes.",
        discussion: """
            With -f it goes on over a restart of the daemon: no verdict is missed or shown twice. With --json each line \
            is the journal's own, byte for byte; verdicts that the journal no longer has show as \
            {"from":A,"to":B,"type":"gap"}.
            """)

    @Flag(name: [.short, .customShort("F"), .long], help: "Go on with each new verdict.")
    var follow = false

    @Option(
        name: [.customShort("n", allowingJoined: true), .long], help: "How many of the newest to begin with; also -N.")
    var lines = 10

    @OptionGroup var filter: VerdictFilter
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if !(0...100_000).contains(lines) || (lines == 0 && !follow) {
            throw ValidationError("--lines: expected 1 to 100000, with -f also 0")
        }
    }

    func run() async throws {
        guard follow else {
            // The daemon gives the newest without being told where the journal ends.
            let printer = LinePrinter.verdicts(json: daemon.json)
            let end = try await daemon.client.lines(
                ControlPath.history, query: filter.query.merging(["limit": "\(lines)"]) { $1 }, printer.show)
            // Else there are as many as were asked for, or all that there are.
            if printer.count < lines, let before = end[CutAnswer.before] {
                Terminal.complain(
                    "cut: what is older than number \(before) was not looked at: see fsacctl history --since")
            }
            return
        }
        Terminal.endWithReader()
        // Says so and ends when there is no daemon to begin with; later ones are waited for.
        let status = try await daemon.client.get(ControlPath.status, as: StatusReply.self)
        let printer = LinePrinter.verdicts(json: daemon.json, next: status.storage.lastSequence + 1)
        try await Follower(client: daemon.client, path: ControlPath.tail, printer: printer, query: filter.query)
            .follow(from: ["last": "\(lines)"])
    }
}

extension Verdict: ExpressibleByArgument {
    package init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
