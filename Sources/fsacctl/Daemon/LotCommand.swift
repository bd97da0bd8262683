import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl lot`: of which lot parts are.
struct LotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lot",
        abstract: "Which lot runs: it stands in each verdict's line, and parts are counted and found by it.",
        subcommands: [LotShow.self, LotSet.self, LotEnd.self], defaultSubcommand: LotShow.self)
}

struct LotShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show the lot of each camera.")

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.get(ControlPath.lots, as: LotListReply.self)
        try reply.show(daemon)
    }
}

struct LotSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Begin a lot, with the next frame or trigger.",
        discussion: "Parts that wait for their verdicts are of the lot before. It is in the event journal who did it.")

    @Argument(help: "Its name: 1 to 128 printable characters.")
    var lot: String

    @Option(help: ArgumentHelp("Whose parts (default: all cameras').", valueName: "name"))
    var camera: String?

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.request(
            .put, ControlPath.lots, body: .json(LotRequest(camera: camera, lot: lot)), as: LotListReply.self)
        try reply.show(daemon)
    }
}

struct LotEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end", abstract: "End the lot: the next parts are of none.")

    @Option(help: ArgumentHelp("Whose parts (default: all cameras').", valueName: "name"))
    var camera: String?

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.request(
            .put, ControlPath.lots, body: .json(LotRequest(camera: camera, lot: nil)), as: LotListReply.self)
        try reply.show(daemon)
    }
}

extension LotListReply {
    fileprivate func show(_ daemon: DaemonOptions) throws {
        if daemon.json { return try printJSON(self) }
        var block = Block()
        for lot in lots { block.add(lot.camera, lot.lot ?? "no lot") }
        Terminal.write(block.text)
    }
}
