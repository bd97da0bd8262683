import ArgumentParser
import ControlProtocol
import Gateway
import Glibc
import Platform
import TOML

/// The gateway: it tells a PLC by Modbus TCP and brokers by MQTT what fsacd finds, and carries out what the PLC asks for.
@main
struct FsacGateway: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsac-gateway",
        abstract:
            "Tell a PLC by Modbus TCP, and others by MQTT, webhooks or programs, what fsacd finds; drive remote I/O modules.",
        discussion: """
            It speaks with fsacd through the control socket alone, and says so in its registers while fsacd does not answer. \
            Lines of the journal go to brokers, web servers and programs at least once and in order; --status says how \
            that goes. \
            Exit codes: 0 stopped (SIGTERM, SIGINT); 1 failed, as with a port that is taken; 64 wrong usage; 78 bad \
            configuration, or a command's number that cannot be read: starting again does not help before somebody changes \
            something.
            """,
        version: FsacVersion.text)

    @Option(help: "The configuration file.", completion: .file(extensions: ["toml"]))
    var config = GatewaySettings.standardPath

    @Flag(help: "Check the configuration, then exit.")
    var check = false

    @Flag(help: "Say how the sinks do, then exit: with 1 when one of them does not deliver.")
    var status = false

    @Option(help: "Send what a webhook refused and the gateway put aside once more, then exit.")
    var resend: String?

    @Option(
        help: ArgumentHelp(
            "See whether a [[module]] takes an output back when nobody asks it anything, then exit.",
            valueName: "module"))
    var tryWatchdog: String?

    @Option(help: ArgumentHelp("Of --try-watchdog: the output that becomes active for a second.", valueName: "number"))
    var output: Int?

    func run() throws {
        do {
            let settings = try GatewaySettings.load(path: config)
            if check { return print("\(config): valid") }
            if status { return try SinkStatus.show(settings) }
            if let resend { return try Resend.run(resend, settings) }
            if let tryWatchdog { return try TryWatchdog.run(tryWatchdog, output: output, settings) }
            try Gateway(settings).run()
            // Threads that wait for sockets have no end of their own.
            _exit(EXIT_SUCCESS)
        } catch {
            let message = Array("fsac-gateway: \(PrintableText.line(ErrorWords.of(error)))\n".utf8)
            _ = write(STDERR_FILENO, message, message.count)
            throw error is ConfigurationError || error is PlaceError ? ExitCode(78) : ExitCode.failure
        }
    }
}
