import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import LineIO
import Platform
import Settings

/// `fsacctl io`: the line's inputs and outputs.
struct IO: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "io",
        abstract: "The line's inputs and outputs: chips, levels, a test of the wiring.",
        subcommands: [
            IOList.self, IOShow.self, IOWatch.self, IOTest.self, IOAcknowledge.self, IOSafe.self, IOGrant.self,
            IOLabel.self,
        ])
}

struct IOList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the GPIO chips of this computer, their lines, and who holds them.")

    func run() throws {
        var table = Table("CHIP", "LABEL", ">LINE", "NAME", "DIRECTION", "HELD BY")
        for (path, chip) in GPIOChip.all() {
            switch chip {
            case .failure(let error): table.add(path, "-", "-", "\(error)", "-", "-")
            case .success(let chip):
                for line in chip.lines {
                    let holder = line.consumer.map { $0.isEmpty ? "somebody" : $0 }
                    table.add(
                        path, chip.label, "\(line.offset)", line.name, line.isOutput ? "output" : "input", holder ?? "-"
                    )
                }
            }
        }
        Terminal.write(table.rows.isEmpty ? "no GPIO chip\n" : table.text)
    }
}

/// What `show` and `watch` print.
struct IOView {
    let reply: IOReply

    var text: String {
        var block = Block()
        block.add("camera", "\(reply.camera), \(reply.chip)")
        block.add("lines", reply.outage.map { Style.bad($0) } ?? "held (\(reply.path ?? ""))")
        for line in reply.lines {
            let level =
                line.isOutput ? line.isActive.map { $0 ? Style.good("active") : "inactive" } ?? "not held" : "input"
            block.add("  \(line.signal)", "line \(line.line), \(level)")
        }
        for alarm in reply.alarms { block.add("alarm", Style.bad(alarm)) }
        let counts = reply.counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        block.add("counts", counts.isEmpty ? "none" : counts.joined(separator: ", "))
        block.add("latency", reply.latency.map { "\(Format.milliseconds($0.p99)) from the journal to the lines (p99)" })
        return block.text
    }
}

struct IOShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the lines that the daemon holds, their levels and what was counted.")

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.get(ControlPath.io, as: IOListReply.self)
        if daemon.json { return try printJSON(reply) }
        Terminal.write(
            reply.io.isEmpty ? "no [[line_io]] is configured\n" : reply.io.map { IOView(reply: $0).text }.joined())
    }
}

struct IOWatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Print each change of an output that is seen, looking 20 times a second.",
        discussion: "A pulse that is shorter than the look may be missed; `counts` of `fsacctl io show` miss none.")

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        var known: [String: Bool] = [:]
        while true {
            let reply = try await daemon.client.get(ControlPath.io, as: IOListReply.self)
            for io in reply.io {
                for line in io.lines where line.isOutput {
                    let (name, level) = ("\(io.camera) \(line.signal)", line.isActive ?? false)
                    guard known.updateValue(level, forKey: name) != level else { continue }
                    guard Terminal.write("\(WallTime.now.rfc3339) \(name) \(level ? "active" : "inactive")\n") else {
                        return
                    }
                }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

struct IOTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "One pulse of half a second on an output, to look at the wiring.",
        discussion: """
            Refused while the line takes parts; --force tests other outputs than ok and result_valid all the same. \
            The test is in the event journal.
            """)

    @Argument(help: "The output: ok, reject, busy, ...")
    var output: String

    @Option(help: ArgumentHelp("Whose lines (default: the only ones).", valueName: "name"))
    var camera: String?

    @Flag(help: "Also while the line takes parts.")
    var force = false

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.request(
            .post, ControlPath.ioTest, body: .json(IOTestRequest(camera: camera, output: output, force: force)),
            as: IOReply.self)
        if daemon.json { try printJSON(reply) } else { Terminal.write("\(output): a pulse of half a second\n") }
    }
}

struct IOAcknowledge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge", abstract: "Take the alarms of the lines back, as the input acknowledge does.")

    @Option(help: ArgumentHelp("Whose lines (default: the only ones).", valueName: "name"))
    var camera: String?

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let reply = try await daemon.client.request(
            .post, ControlPath.ioAcknowledge, body: .json(IOAcknowledgeRequest(camera: camera)), as: IOReply.self)
        if daemon.json { try printJSON(reply) } else { Terminal.write("alarms acknowledged\n") }
    }
}

/// What the unit runs when the daemon is gone, however it went.
struct IOSafe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "safe", abstract: "Make all outputs of the configuration inactive, without the daemon.",
        discussion: """
            The unit runs it after each end of the daemon. Lines that another program holds are left to it. \
            Afterwards the lines are given back: what level they have then is the chip's. Outputs of a remote I/O \
            module are made inactive by fsac-gateway as soon as it misses the daemon.
            """)

    @Option(help: ArgumentHelp("The configuration file.", valueName: "path"), completion: .file(extensions: ["toml"]))
    var config = "/etc/fsac/config.toml"

    func run() throws {
        let configuration: Configuration
        do {
            configuration = try Configuration.load(path: config)
        } catch {
            throw ClientError.configuration(error)
        }
        var hasFailed = false
        // A module's outputs are the gateway's, which hears that the daemon is gone.
        for var io in configuration.lineIO where io.driver == .gpio && !io.outputs.isEmpty {
            io.inputs = [:]
            do throws(LinesError) {
                // Inactive from the moment of the request on.
                let lines = try GPIOLines(io)
                try lines.set([])
                Terminal.write("\(io.camera): outputs inactive\n")
            } catch {
                Terminal.complain("\(io.camera): \(error)")
                hasFailed = true
            }
        }
        if hasFailed { throw ExitCode.failure }
    }
}

struct IOGrant: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Let fsacd use the GPIO chip of this label (as root; writes a udev rule).",
        discussion: "All other chips stay root's alone.")

    @Argument(help: "The chip's label, as `fsacctl io list` shows it.")
    var label: String

    @Option(help: ArgumentHelp("The folder of rules.", valueName: "path"), completion: .directory)
    var rules = "/etc/udev/rules.d"

    func validate() throws {
        // Stands in a rule and in the name of a file.
        guard PlainName.isValid(label) else { throw ValidationError("LABEL: expected \(PlainName.rule)") }
    }

    func run() throws {
        guard GPIOChip.all().contains(where: { (try? $0.chip.get())?.label == label }) else {
            Terminal.complain(
                "io: no chip that may be looked at has the label \(label): `sudo fsacctl io list` shows all")
            throw ExitCode.failure
        }
        let path = "\(rules)/70-fsac-io-\(label).rules"
        let rule = """
            # Written by `fsacctl io grant \(label)`: fsacd may use this GPIO chip, and no other one.
            SUBSYSTEM=="gpio", KERNEL=="gpiochip*", ENV{DEVNAME}=="?*", PROGRAM=="/usr/bin/fsacctl io label $devnode", \
            RESULT=="\(label)", GROUP="fsac-io", MODE="0660"

            """
        try Disk().replace(path, with: Array(rule.utf8), mode: 0o644)
        Terminal.write(
            "\(path)\nudevadm control --reload && udevadm trigger --subsystem-match=gpio makes it hold now\n")
    }
}

/// For the rule of `grant`: udev knows a chip's number only.
struct IOLabel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Print the label of a GPIO chip.", shouldDisplay: false)

    @Argument(help: "Its device, such as /dev/gpiochip0.")
    var device: String

    func run() throws {
        do throws(LinesError) {
            Terminal.write(try GPIOChip.at(device).label + "\n")
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
    }
}
