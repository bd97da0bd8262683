import ArgumentParser
import ControlProtocol
import Daemon
import Glibc
import Logging
import Settings

/// The daemon.
@main
struct Fsacd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsacd",
        abstract: "Inspect the parts that a camera sees.",
        discussion: """
            Exit codes: 0 stopped (SIGTERM, SIGINT); 1 failed while running; 64 wrong usage; 75 another instance holds \
            the lock; 78 bad configuration: starting again does not help before it is changed.
            """,
        version: FsacVersion.text)

    @Option(help: "The configuration file.", completion: .file(extensions: ["toml"]))
    var config = "/etc/fsac/config.toml"

    @Flag(help: "Check the configuration and the backbone's weights, then exit.")
    var check = false

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        // A reload that is asked for before the daemon is ready does not end it; the file is read anyway.
        signal(SIGHUP) { _ in }
        umask(0o027)
        defer { JournalLog.flush() }
        do {
            let configuration = try Configuration.load(path: config)
            LogLevel.ofAll = configuration.log.level.ofLogger
            LoggingSystem.bootstrap { _ in JournalLog.isConnected ? JournalLog() as any LogHandler : StandardErrorLog()
            }
            if check {
                try configuration.check()
                print("\(config): valid")
                return
            }
            let lock = try InstanceLock(stateDirectory: configuration.stateDirectory)
            let services = try DaemonServices(
                configuration, path: config, logger: Logger(label: "fsacd"),
                sinks: JournalLog.isConnected ? [SystemJournalSink()] : [])
            try await services.run()
            _ = consume lock
        } catch {
            throw exitCode(for: error)
        }
    }

    /// Says why, and gives the exit code that systemd's `RestartPreventExitStatus=` goes by.
    private func exitCode(for error: any Error) -> ExitCode {
        let message = Array("fsacd: \(error)\n".utf8)
        _ = write(STDERR_FILENO, message, message.count)
        return switch error {
        case InstanceLockError.held: ExitCode(75)
        case is InstanceLockError, is ConfigurationError, is MethodError, is ControlSocketError, is StoreError:
            ExitCode(78)
        default: .failure
        }
    }
}
