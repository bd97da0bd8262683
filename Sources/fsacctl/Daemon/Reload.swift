import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl reload`, which is also the unit's `ExecReload=`: its exit code and its words are what `systemctl reload`
/// ends with.
struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read the configuration again; a file that is refused changes nothing.",
        discussion: """
            Cameras, recipes and the log's level change without a restart and without losing a verdict; what needs a \
            restart is named. SIGHUP does the same.
            """)

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.request(
            // Weights may have to be read, and cameras finish their parts first.
            .post, ControlPath.reload, timeout: .seconds(11 * 60), as: ReloadReply.self)
        if daemon.json { return try printJSON(reply) }
        for change in reply.applied { Terminal.write("\(change)\n") }
        if reply.applied.isEmpty { Terminal.write("nothing to change\n") }
        // No failure: all else is in use. That `systemctl reload` succeeds must not be read as if this were, too.
        for key in reply.needsRestart { Terminal.write("\(key): changed, takes effect when fsacd is started again\n") }
    }
}
