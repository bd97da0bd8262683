import ArgumentParser
import ControlClient
import ControlProtocol

/// `fsacctl alarm`: what somebody has to look at.
struct AlarmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alarm",
        abstract: "Alarms of parts: rejects in a row, no parts; the table [alarm] of the configuration says when.",
        discussion: "Alarms of the output lines are `fsacctl io`'s.",
        subcommands: [AlarmList.self, AlarmAcknowledge.self], defaultSubcommand: AlarmList.self)
}

struct AlarmList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the alarms that nobody has acknowledged.")

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.get(ControlPath.alarms, as: AlarmListReply.self)
        if daemon.json { return try printJSON(reply) }
        Terminal.write(reply.text)
    }
}

struct AlarmAcknowledge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge", abstract: "Take the alarms back: somebody has looked.",
        discussion:
            "What goes on as before is an alarm again after as many parts. It is in the event journal who did it.")

    @Option(help: ArgumentHelp("Only those of this camera.", valueName: "name"))
    var camera: String?

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.request(
            .post, ControlPath.alarmsAcknowledge, body: .json(AlarmAcknowledgeRequest(camera: camera)),
            as: AlarmListReply.self)
        if daemon.json { return try printJSON(reply) }
        Terminal.write("alarms acknowledged\n" + (reply.alarms.isEmpty ? "" : reply.text))
    }
}

extension AlarmListReply {
    fileprivate var text: String {
        alarms.map { alarm in
            "\(alarm.camera)  \(Style.bad(alarm.reason))  since \(alarm.since)\(alarm.stops ? "  ready is inactive" : "")\n"
        }.joined() + (alarms.isEmpty ? "no alarm\n" : "")
    }
}
