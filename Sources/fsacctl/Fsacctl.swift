import ArgumentParser
import ControlProtocol
import Glibc
import Settings

/// The command line: `fsacctl`.
struct Fsacctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsacctl",
        abstract: "Look at and steer an inspection line.",
        discussion: """
            Exit codes: 0 done; 1 refused or failed, with the reason on standard error; 64 wrong usage; \
            69 the daemon or a server cannot be reached.
            """,
        version: FsacVersion.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Online",
                subcommands: [
                    Status.self, Tail.self, History.self, AddNormal.self, Normals.self, Refit.self, Limit.self,
                    Commission.self, Models.self, Trigger.self, RecipeCommand.self, Reload.self,
                ]),
            CommandGroup(
                name: "Offline",
                subcommands: [
                    Score.self, Evaluate.self, Synthesize.self, Adapt.self, Embed.self, Bench.self, Camera.self,
                    ModelCommand.self,
                    CheckConfig.self,
                ]),
        ])
}

@main
enum Program {
    static func main() async {
        do {
            var command = try Fsacctl.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as ClientError {
            Terminal.complain("\(error)")
            exit(error.exitCode)
        } catch let error as PullError {
            Terminal.complain("\(error)")
            exit(error.exitCode)
        } catch {
            Fsacctl.exit(withError: error)
        }
    }
}
