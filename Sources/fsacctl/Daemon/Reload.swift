import ArgumentParser
import ControlProtocol

/// `fsacctl reload`
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
            .post, ControlPath.reload, timeout: .seconds(11 * 60), as: ReloadReply.self)
        if daemon.json { return try printJSON(reply) }
        for change in reply.applied { Terminal.write("\(change)\n") }
        if reply.applied.isEmpty { Terminal.write("nothing to change\n") }
        for key in reply.needsRestart { Terminal.write("\(key): changed, takes effect when fsacd is started again\n") }
    }
}
