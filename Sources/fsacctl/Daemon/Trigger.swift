import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl trigger`: the exit code is the verdict, so that a script can stop the line with `||`. INVALID is 1, too:
/// not passed. Who has to tell NG from INVALID reads `--json`; a daemon that is not there is 69.
struct Trigger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Inspect one part now and show its verdict.",
        discussion: """
            The verdict is of the first frame that is exposed after the command; the part gets a line in the journal \
            whatever happens, INVALID when there is no camera or no frame in time. For cameras with trigger = "software". \
            Exit codes: 0 OK; 1 NG, INVALID, or refused.
            """)

    @Option(help: ArgumentHelp("The part's serial number, for the journal.", valueName: "serial"))
    var part: String?

    @Option(help: ArgumentHelp("The camera (default: the only one with trigger = \"software\").", valueName: "name"))
    var camera: String?

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.request(
            .post, ControlPath.trigger, body: .json(TriggerRequest(camera: camera, part: part)),
            // Longer than the longest trigger_deadline_ms: the daemon answers every trigger that it took, and this
            // waits for it.
            timeout: .seconds(11 * 60),
            as: TriggerReply.self)
        if daemon.json {
            try printJSON(reply)
        } else {
            Terminal.write(VerdictLineView(record: reply.inspection).text)
        }
        if reply.inspection.verdict != .ok { throw ExitCode.failure }
    }
}
