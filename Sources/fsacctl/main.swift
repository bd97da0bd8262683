import ArgumentParser

struct FsacCTL: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "fsacctl", subcommands: [ModelCommand.self])
}

FsacCTL.main()
