import ArgumentParser
import Arguments
import ControlProtocol
import Daemon
import Glibc
import Logging
import Platform
import Settings
import TOML

/// The daemon: it reads its configuration, takes the lock on the state directory and runs until it is told to stop.
///
/// It stays in the foreground, writes no file with its process number and changes no user: that is systemd's business
/// (`systemd/fsacd.service`). There, its exit codes decide whether it is started again.
@main
struct Fsacd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsacd",
        abstract: "Inspect the parts that a camera sees.",
        discussion: """
            Exit codes: 0 stopped (SIGTERM, SIGINT); 1 failed, as with a disk that may come back; 64 wrong usage; 70 \
            did not stop within 7 s of SIGTERM and ended without what hangs; 75 another program has the lock or the \
            socket; 78 bad configuration: starting again does not help before somebody changes something.
            """,
        version: FsacVersion.text)

    @OptionGroup var file: ConfigurationFile

    @Flag(help: "Check the configuration and the backbone's weights, then exit.")
    // Without the lock and without a trace on the disk, so that it may be asked while a daemon runs. `fsacctl
    // check-config` looks at the same things and ends with 1; this one ends as a start would.
    var check = false

    func run() async throws {
        let config = file.path
        Heap.keepFewArenas()
        // A client that leaves in the middle of a reply is an error of that reply, not the end of the daemon.
        signal(SIGPIPE, SIG_IGN)
        // A reload that is asked for before the daemon is ready does not end it, and is done once it is.
        DaemonServices.holdReloads()
        // Pictures and verdicts are the group's to read and nobody else's, also without the unit, whose UMask= is the
        // same.
        umask(0o027)
        // Also before an exit code: the last entries are those that say why.
        defer { JournalLog.flush() }
        do {
            let configuration = try Configuration.load(path: config)
            // The configuration names the level, so whatever it is refused for is said without a log.
            LogLevel.ofAll = configuration.log.level.ofLogger
            // To the system's journal by its own protocol, where values become fields that can be asked for; to
            // standard error elsewhere.
            LoggingSystem.bootstrap { _ in JournalLog.isConnected ? JournalLog() as any LogHandler : StandardErrorLog()
            }
            if check {
                try configuration.check()
                for warning in configuration.warnings() { Self.complain("warning: \(warning)") }
                print("\(config): valid")
                return
            }
            for warning in configuration.warnings() { Logger(label: "fsacd").warning("configuration: \(warning)") }
            // Before anything is opened: a second daemon must not touch, let alone tidy, what the first one writes.
            let lock = try InstanceLock(stateDirectory: configuration.stateDirectory)
            let services = try DaemonServices(
                configuration, path: config, lock: lock, logger: Logger(label: "fsacd"),
                // Without the system's journal nobody needs each verdict in a log: the daemon's own journal has them.
                sinks: JournalLog.isConnected ? [SystemJournalSink()] : [])
            try await services.run { error in
                // Whoever reads standard error may hang, too.
                _ = fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK)
                let code = Self.exitCode(for: error)
                JournalLog.flush()
                // What does not stop has no say in this: neither destructors nor handlers of exit(3).
                _exit(code.rawValue)
            }
            // Held until everything is written: without this it could be given back after its last use above.
            withExtendedLifetime(lock) {}
            JournalLog.flush()
            // A thread that waits for a share may be left, and handlers of exit(3) take away what it uses.
            _exit(EXIT_SUCCESS)
        } catch {
            throw Self.exitCode(for: error)
        }
    }

    /// Says why, and gives the exit code that systemd's `RestartPreventExitStatus=` goes by (sysexits(3)).
    ///
    /// Only what somebody has to mend keeps the unit from starting again (78). Another daemon may be about to end (75),
    /// and a disk that fails may come back (1).
    private static func exitCode(for error: any Error) -> ExitCode {
        complain(ErrorWords.of(error))
        return code(for: error)
    }

    /// Not by the log: there may be none yet, and its level may leave this out. One write, so that it is one line.
    private static func complain(_ text: String) {
        let message = Array("fsacd: \(PrintableText.line(text))\n".utf8)
        _ = write(STDERR_FILENO, message, message.count)
    }

    private static func code(for error: any Error) -> ExitCode {
        switch error {
        case InstanceLockError.held, ControlSocketError.inUse: ExitCode(75)
        case let error as ControlSocketError: error.isForSomebodyToMend ? ExitCode(78) : .failure
        case let error as InstanceLockError: error.isForSomebodyToMend ? ExitCode(78) : .failure
        case is ConfigurationError, is MethodError, is StoreError: ExitCode(78)
        case ShutdownError.stuck(_, _, let failure, _): failure.map(code) ?? ExitCode(70)
        default: .failure
        }
    }
}
