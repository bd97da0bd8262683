import ArgumentParser

@main
struct FSACCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsacctl", abstract: "tmp", subcommands: [Embed.self, Bench.self, ModelCommand.self])
}
