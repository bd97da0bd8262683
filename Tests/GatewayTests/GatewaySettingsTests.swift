import ControlProtocol
import Foundation
import Gateway
import Platform
import TOML
import Testing

@Suite struct GatewaySettingsTests {
    private static let least = "[modbus]\nallow = [\"192.168.10.5\"]\n"

    @Test func theFileOfThePackageIsValidAndSaysTheDefaults() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../packaging/gateway.toml").standardizedFileURL.path
        var settings = try GatewaySettings.load(path: path)
        #expect(settings.modbus?.allow.count == 1 && settings.modbus?.recipes == ["default": 1])
        let plain = try GatewaySettings(toml: Self.least, file: "g.toml")
        settings.modbus?.allow = plain.modbus?.allow ?? []
        settings.modbus?.recipes = [:]
        #expect(settings == plain)
    }

    @Test func everythingThatCanBeSetIsRead() throws {
        let settings = try GatewaySettings(
            toml: """
                control_socket = "/tmp/c"
                state_directory = "/tmp/s"
                [modbus]
                listen = "[::1]:1502"
                cameras = ["a", "b"]
                results = "queued"
                word_order = "low_first"
                allow = ["10.0.0.0/8", "fd00::/8"]
                control = ["10.0.0.1"]
                plc_timeout_ms = 1500
                [modbus.recipes]
                bottle = 7
                cap = 65535
                """, file: "g.toml")
        var modbus = ModbusSettings()
        modbus.listen = "[::1]:1502"
        modbus.cameras = ["a", "b"]
        (modbus.results, modbus.wordOrder, modbus.plcTimeoutMilliseconds) = (.queued, .lowFirst, 1500)
        modbus.allow = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressRange($0) }
        modbus.control = ["10.0.0.1"].compactMap { AddressRange($0) }
        modbus.recipes = ["bottle": 7, "cap": 65_535]
        #expect(settings.modbus == modbus)
        #expect(settings.controlSocket == "/tmp/c" && settings.stateDirectory == "/tmp/s")
    }

    private static let web = "[[sink]]\nname = \"qms\"\nkind = \"webhook\"\nurl = \"http://q/\"\n"
    private static let broker = "[[sink]]\nname = \"mes\"\nkind = \"mqtt\"\nurl = \"mqtts://b:8883\"\n"

    @Test func aSinkAloneIsEnoughAndEachOfItsKeysIsRead() throws {
        let plain = try GatewaySettings(toml: Self.broker, file: "g.toml")
        #expect(plain.modbus == nil && plain.sinks.count == 1)
        #expect(plain.sinks[0].verdicts == Verdict.allCases && plain.sinks[0].from == .now && plain.sinks[0].events)
        let settings = try GatewaySettings(
            toml: "station = \"press-4\"\n" + Self.broker + """
                from = "start"
                verdicts = ["INVALID", "NG"]
                events = false
                user = "fsac"
                password_file = "/etc/fsac/mqtt.password"
                ca = "/etc/fsac/plant.pem"
                commands = ["lot", "recipe"]
                [[sink]]
                name = "scada"
                kind = "mqtt"
                url = "mqtt://[fd00::5]"
                """, file: "g.toml")
        let sink = settings.sinks[0]
        #expect(settings.station == "press-4" && sink.name == "mes" && sink.from == .start && !sink.events)
        #expect(sink.verdicts == [.ng, .invalid])
        guard case .mqtt(let broker) = sink.receiver else { preconditionFailure("no broker") }
        #expect(broker.address == BrokerAddress("mqtts://b:8883") && broker.address.usesTLS)
        #expect(
            [broker.user, broker.passwordFile, broker.ca] == ["fsac", "/etc/fsac/mqtt.password", "/etc/fsac/plant.pem"])
        #expect(broker.commands == [.recipe, .lot])
        guard case .mqtt(let other) = settings.sinks[1].receiver else { preconditionFailure("no broker") }
        #expect(other.commands.isEmpty)
        #expect(settings.sinks[1].address == "mqtt://[fd00::5]:1883")
    }

    @Test func webhooksAndProgramsAreSinksToo() throws {
        let settings = try GatewaySettings(
            toml: """
                [[sink]]
                name = "qms"
                kind = "webhook"
                url = "https://qms.plant/fsac?x=1"
                batch = 20
                timeout_s = 5
                secret_file = "/etc/fsac/qms.secret"
                ca = "/etc/fsac/plant.pem"
                on_refused = "stop"
                [[sink]]
                name = "lamp"
                kind = "exec"
                command = ["/usr/local/bin/lamp", "red"]
                """, file: "g.toml")
        var webhook = WebhookSettings(url: "https://qms.plant/fsac?x=1")
        (webhook.batch, webhook.timeoutSeconds) = (20, 5)
        (webhook.secretFile, webhook.ca) = ("/etc/fsac/qms.secret", "/etc/fsac/plant.pem")
        #expect(settings.sinks[0].receiver == .webhook(webhook) && settings.sinks[0].onRefused == .stop)
        #expect(settings.sinks[1].receiver == .exec(command: ["/usr/local/bin/lamp", "red"]))
        #expect(settings.sinks.allSatisfy { !$0.events })
    }

    private static let module = "[[module]]\nname = \"a\"\naddress = \"10.0.0.5:502\"\n"
    private static let mirror = "[[modbus.mirror]]\nname = \"plc\"\naddress = \"10.0.0.7:502\"\n"

    @Test func aModuleAloneIsEnoughAndEachOfItsKeysIsRead() throws {
        let plain = try #require(try GatewaySettings(toml: Self.module, file: "g.toml").modules.first)
        #expect(plain.device.unit == 1 && plain.device.timeout == .milliseconds(100))
        #expect(plain.poll == .milliseconds(5) && plain.outputsReadAt == 0)
        let settings = try GatewaySettings(
            toml: Self.module + "unit = 0\ntimeout_ms = 50\noutputs_at = 16\ninputs_at = 32\npoll_ms = 20\n",
            file: "g.toml")
        let module = try #require(settings.modules.first)
        #expect(module.device.address.host == "10.0.0.5" && module.device.address.port == 502)
        #expect(module.device.unit == 0 && module.device.timeout == .milliseconds(50))
        #expect(module.outputsAt == 16 && module.inputsAt == 32 && module.poll == .milliseconds(20))
        // Where the outputs are written they are read, unless it is said otherwise.
        #expect(module.outputsReadAt == 16)
        let other = try GatewaySettings(toml: Self.module + "outputs_read_at = 512", file: "g.toml")
        #expect(other.modules.first?.outputsReadAt == 512)
    }

    @Test func whoOnlyWritesIntoAPLCServesNobody() throws {
        let modbus = try GatewaySettings(toml: "[modbus]\n\(Self.mirror)", file: "g.toml").modbus
        #expect(modbus?.isServer == false && modbus?.mirrors.first?.takesCommands == false)
        let settings = try GatewaySettings(
            toml: "\(Self.least)\(Self.mirror)registers_at = 100\nperiod_ms = 20\ncommands = true\nunit = 3",
            file: "g.toml")
        let mirror = try #require(settings.modbus?.mirrors.first)
        #expect(settings.modbus?.isServer == true && mirror.camera == "camera1" && mirror.takesCommands)
        #expect(mirror.registersAt == 100 && mirror.period == .milliseconds(20) && mirror.device.unit == 3)
    }

    @Test(arguments: [
        "http://b", "mqtt://", "mqtt://u:p@b", "mqtt://b/topic", "mqtt://b:0", "mqtt://b:99999", "b:1883", "mqtt://b b",
    ])
    func whatIsNoBrokerIsRefused(url: String) {
        #expect(BrokerAddress(url) == nil)
    }

    @Test(arguments: [
        ("", "g.toml:1: modbus: is missing, and [[module]] and [[sink]], too"),
        ("[modbus]", "modbus.allow: is missing"),
        ("[modbus]\nallow = []", "modbus.allow: is missing or empty"), ("\(least)alow = 1", "did you mean allow?"),
        ("[modbsu]\n", "did you mean [modbus]?"), ("port = 1\n\(least)", "g.toml:1: port: no such key"),
        ("\(least)control = [\"plc\"]", "modbus.control: expected addresses"),
        ("\(least)listen = \"502\"", "modbus.listen"), ("\(least)cameras = []", "modbus.cameras"),
        ("\(least)cameras = [\"a\", \"a\"]", "different names"), ("\(least)results = \"all\"", "\"queued\""),
        ("\(least)word_order = \"abcd\"", "\"high_first\" or \"low_first\""),
        ("\(least)plc_timeout_ms = -1", "from 0 to 60000"),
        ("\(least)[modbus.recipes]\na = 0", "g.toml:4: modbus.recipes.a"),
        ("\(least)[modbus.recipes]\na = 1\nb = 1", "a number of its own"),
        ("\(least)recipes = 1", "the table [recipes]"),
        ("\(broker)\(broker)", "a name that no other [[sink]] has"), ("\(broker)usr = 1", "did you mean user?"),
        ("\(broker)verdicts = []", "sink.verdicts: is empty"), ("\(broker)verdicts = [\"ok\"]", "\"OK\""),
        ("\(broker)password_file = \"/p\"", "sink.password_file: is a password of nobody"),
        ("[[sink]]\nname = \"m\"", "sink.kind: is missing"), ("[[sink]]\nkind = \"mqtt\"", "sink.name: is missing"),
        ("[[sink]]\nname = \"m\"\nkind = \"mqtt\"", "sink.url: is missing"),
        ("[[sink]]\nname = \"m\"\nkind = \"mqtt\"\nurl = \"mqtt://b\"\nca = \"/c\"", "for mqtts:// only"),
        ("\(broker)batch = 2", "sink.batch: is for kind = \"webhook\", this one is \"mqtt\""),
        ("\(web)user = \"u\"", "sink.user: is for kind = \"mqtt\""),
        ("\(broker)commands = [\"trigger\"]", "sink.commands: expected \"recipe\" or \"lot\""),
        ("\(web)commands = [\"lot\"]", "sink.commands: is for kind = \"mqtt\""),
        ("\(web)batch = 0", "from 1 to 200"), ("\(web)on_refused = \"drop\"", "\"skip\" or \"stop\""),
        ("[[sink]]\nname = \"q\"\nkind = \"webhook\"\nurl = \"https://u:p@q\"", "without a user"),
        ("[[sink]]\nname = \"q\"\nkind = \"webhook\"\nurl = \"ftp://q\"", "https://HOST/PATH"),
        ("[[sink]]\nname = \"l\"\nkind = \"exec\"\ncommand = [\"lamp\"]", "a program by its absolute path"),
        ("[[sink]]\nname = \"l\"\nkind = \"exec\"", "sink.command"),
        ("station = \"a/b\"\n\(broker)", "g.toml:1: station"),
        ("[[module]]\naddress = \"10.0.0.5:502\"", "module.name: is missing"),
        ("[[module]]\nname = \"a\"", "module.address: is missing"),
        ("[[module]]\nname = \"a\"\naddress = \"cabinet:502\"", "an address and a port"),
        ("\(module)timeout_ms = 500", "from 20 to 150"), ("\(module)\(module)", "a name that no other [[module]] has"),
        ("\(module)input_at = 1", "did you mean inputs_at?"),
        ("[modbus]\n\(mirror)camera = \"x\"", "modbus.mirror.camera: expected one of modbus.cameras"),
        ("[modbus]\n\(mirror)period_ms = 1", "from 10 to 1000"),
    ])
    func whatIsWrongIsNamedWithItsPlace(text: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try GatewaySettings(toml: text, file: "g.toml") }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
