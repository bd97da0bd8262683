import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import Platform
import Settings

/// The command line: `fsacctl`. For people, and for scripts by `--json` and the exit code.
///
/// What was asked for goes to standard output, complaints and progress to standard error, so that a pipe gets the
/// answer alone. Progress is for terminals only. Online commands ask the daemon; all others do without one.
struct Fsacctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsacctl",
        abstract: "Look at and steer an inspection line.",
        discussion: """
            Exit codes: 0 done; 1 refused or failed, with the reason on standard error; 64 wrong usage; \
            69 the daemon or a server cannot be reached.
            """,
        version: FsacVersion.text,
        // The man pages are made of this help (Tools/make_manual.sh).
        groupedSubcommands: [
            CommandGroup(
                name: "Online",
                subcommands: [
                    Status.self, Top.self, Tail.self, History.self, Find.self, Show.self, Events.self,
                    AlarmCommand.self,
                    Judge.self,
                    LotCommand.self,
                    StatisticsCommand.self, Report.self,
                    AddNormal.self, Normals.self, CandidatesCommand.self, Refit.self,
                    Limit.self,
                    Commission.self, Teach.self, Models.self, Trigger.self, RecipeCommand.self, Reload.self, IO.self,
                ]),
            CommandGroup(
                name: "Offline",
                subcommands: [
                    Score.self, Evaluate.self, Synthesize.self, Adapt.self, Embed.self, Bench.self, Camera.self,
                    ModelCommand.self,
                    CheckConfig.self, PagePIN.self, Verify.self,
                ]),
        ])
}

@main
/// Where the program begins, and where errors become exit codes.
///
/// Not `Fsacctl.main()`: there every error is exit code 1, and scripts want to tell a daemon that is not there (69)
/// from one that refuses (1).
enum Program {
    static func main() async {
        do {
            var command = try Fsacctl.parseAsRoot(ShortNumbers.expanded(Array(CommandLine.arguments.dropFirst())))
            // Both kinds are among the subcommands, and each has a `run` of its own.
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as DaemonError {
            Terminal.complain("\(error)")
            exit(error.exitCode)
        } catch let error as ClientError {
            Terminal.complain("\(error)")
            exit(1)
        } catch let error as PullError {
            Terminal.complain("\(error)")
            exit(error.exitCode)
        } catch let error where ErrorWords.isOfTheLibrary(error) {
            Terminal.complain(ErrorWords.of(error))
            exit(1)
        } catch {
            // Help, the version, wrong usage (64), an exit code that a command chose, and errors of Core, which say
            // enough by themselves (1). They quote arguments and names of files.
            let (text, code) = (Fsacctl.fullMessage(for: error), Fsacctl.exitCode(for: error))
            if code.isSuccess {
                Terminal.write(Array((PrintableText.lines(text) + "\n").utf8), to: STDOUT_FILENO)
            } else if !text.isEmpty {
                // The same words in front of every complaint, instead of the parser's own.
                Terminal.complain(text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text)
            }
            exit(code.rawValue)
        }
    }
}
