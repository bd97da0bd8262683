import Foundation
import Gateway
import TOML
import Testing

@Suite struct GatewaySettingsTests {
    private static let least = "[modbus]\nallow = [\"192.168.10.5\"]\n"

    @Test func theFileOfThePackageIsValidAndSaysTheDefaults() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../packaging/gateway.toml").standardizedFileURL.path
        var settings = try GatewaySettings.load(path: path)
        #expect(settings.modbus.allow.count == 1 && settings.modbus.recipes == ["default": 1])
        let plain = try GatewaySettings(toml: Self.least, file: "g.toml")
        (settings.modbus.allow, settings.modbus.recipes) = (plain.modbus.allow, [:])
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

    @Test(arguments: [
        ("", "g.toml:1: modbus: is missing"), ("[modbus]", "modbus.allow: is missing"),
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
    ])
    func whatIsWrongIsNamedWithItsPlace(text: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try GatewaySettings(toml: text, file: "g.toml") }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
