import ArgumentParser
import ControlClient
import Foundation

/// The options of every subcommand that talks to the daemon.
///
/// The environment comes second so that a unit or a login can name the socket once: the unit's `ExecReload=` runs
/// `fsacctl reload` without any option. The configuration's `control.socket` is not read: which file a daemon was
/// started with is not known here.
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
