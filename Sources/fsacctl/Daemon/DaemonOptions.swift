import ArgumentParser
import Foundation

/// The options of every subcommand that talks to the daemon.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's control socket (default: $FSAC_SOCKET, else /run/fsac/control.sock).", valueName: "path"),
        completion: .file())
    var socket: String?

    @Flag(help: "Print JSON.")
    var json = false

    var client: DaemonClient {
        DaemonClient(
            socket: socket ?? ProcessInfo.processInfo.environment["FSAC_SOCKET"] ?? "/run/fsac/control.sock")
    }
}
