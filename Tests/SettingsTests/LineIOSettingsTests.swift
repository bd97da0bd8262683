import Foundation
import Settings
import TOML
import Testing

@Suite struct LineIOSettingsTests {
    private static let camera = "[camera]\nname = \"camera1\"\nmode = \"replay\"\ntrigger = \"line\"\n"
    private static let trigger = "[line_io.inputs]\ntrigger = { line = 8 }\n"

    private static func message(_ io: String, camera: String = camera, inputs: String = trigger) -> String {
        do {
            _ = try Configuration(toml: "\(camera)[[line_io]]\n\(io)\n\(inputs)", file: "c.toml")
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test func theExampleOfTheFileIsRead() throws {
        let example = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../config.toml.example")
        let text = try String(contentsOf: example, encoding: .utf8)
        let start = try #require(text.range(of: "# [[line_io]]"))
        let lines = text[start.lowerBound...].split(separator: "\n", omittingEmptySubsequences: false)
            .prefix { $0.hasPrefix("#") }.map { $0.dropFirst(2) }
            // Keys, and no sentences in which one occurs.
            .filter { $0.hasPrefix("[") || $0.contains(" = ") && !($0.prefix { $0 != "=" }.dropLast().contains(" ")) }
        let toml = Self.camera + lines.joined(separator: "\n")
        let io = try #require(try Configuration(toml: toml, file: "e").lineIO.first)
        #expect(Set(io.outputs.keys) == Set(OutputSignal.allCases) && Set(io.inputs.keys) == Set(InputSignal.allCases))
        #expect(io.rejectDelay == .milliseconds(420) && io.outputs[.resultValid]?.pulseMilliseconds == 20)
        #expect(io.chip == "line-io" && io.required && io.mode == .pulse)
    }

    @Test(arguments: [
        ("chip = \"gpiochip0\"", "expected the chip's label or a link to it"),
        ("chip = \"/dev/gpiochip12\"", "expected the chip's label or a link to it"),
        ("", "`fsacctl io list` shows the labels"),
        ("chip = \"c\"\nmod = \"pulse\"", "did you mean mode?"),
        ("chip = \"c\"\ncamera = \"x\"", "expected the name of a camera (camera1)"),
        ("chip = \"c\"\n[line_io.outputs]\nokay = { line = 1 }", "did you mean"),
        ("chip = \"c\"\n[line_io.outputs]\nok = { line = 1, delay_ms = 5 }", "does nothing for this line"),
        ("chip = \"c\"\n[line_io.outputs]\nbusy = { line = 1, pulse_ms = 50 }", "does nothing for this line"),
        (
            "chip = \"c\"\n[line_io.outputs]\nok = { line = 1, pulse_ms = 19 }",
            "a PLC misses a pulse shorter than its scan"
        ),
        (
            "chip = \"c\"\n[line_io.outputs]\nok = { line = 1 }\nreject = { line = 1 }",
            "a line that no other signal has"
        ),
        ("chip = \"c\"\n[line_io.outputs]\nok = { line = 8 }", "a line that no other signal has"),
        ("chip = \"c\"\n[line_io.outputs]\nok = { active = \"low\" }", "a line of the chip"),
        ("chip = \"c\"\nmode = \"handshake\"", "needs the output result_valid and the input acknowledge"),
        ("chip = \"c\"\n[line_io.outputs]\nok = { line = 1, pulse_ms = 20 }\nresult_valid = { line = 2 }", "at least"),
        ("chip = \"c\"\n[line_io.outputs]\nreject = { line = 1, delay_ms = 60001 }", "from 0 to 60000"),
        ("chip = \"c\"\ngap_ms = 0", "from 1 to 1000"),
        ("driver = \"modbus\"", "the name of a [[module]]"),
        ("driver = \"canbus\"", "\"gpio\" or \"modbus\""),
        ("driver = \"modbus\"\nchip = \"m\"\n[line_io.outputs]\nok = { line = \"A\" }", "a line of the module"),
        ("driver = \"modbus\"\nchip = \"m\"\n[line_io.outputs]\nok = { line = 256 }", "from 0 to 255"),
        (
            "driver = \"modbus\"\nchip = \"m\"\n[line_io.outputs]\nok = { line = 0, active = \"low\" }",
            "off has to be inactive"
        ),
    ]) func nonsenseIsRefusedWithItsReason(io: String, reason: String) {
        #expect(Self.message(io).contains(reason), "\(Self.message(io))")
    }

    @Test func aModuleCountsItsInputsByThemselvesAndHasOneCamera() {
        let io = "driver = \"modbus\"\nchip = \"m\"\n[line_io.outputs]\nok = { line = 8 }"
        #expect(Self.message(io) == "accepted")
        let cameras = "[[camera]]\nname = \"a\"\nmode = \"replay\"\n[[camera]]\nname = \"b\"\nmode = \"replay\"\n"
        let both = "camera = \"a\"\n\(io)\n[[line_io]]\ncamera = \"b\"\n" + io.replacing("line = 8", with: "line = 9")
        #expect(Self.message(both, camera: cameras, inputs: "").contains("a module that no other [[line_io]] has"))
    }

    @Test func aTriggerLineNeedsItsCameraAndACameraItsTriggerLine() {
        #expect(Self.message("chip = \"c\"", camera: "").contains("set trigger = \"line\""))
        #expect(
            Self.message("chip = \"c\"\n[line_io.outputs]\nok = { line = 1 }", inputs: "").contains("needs the input"))
        #expect(Self.message("chip = \"c\"") == "accepted")
    }

    @Test func pulsesLongerThanTheKnownPaceOfPartsAreRefused() {
        let camera = "[camera]\nmode = \"replay\"\ntrigger = \"interval\"\ninterval_ms = 50\n"
        let io = "chip = \"c\"\n[line_io.outputs]\nok = { line = 1 }"
        #expect(Self.message(io, camera: camera, inputs: "").contains("parts of camera1 come every 50 ms"))
    }
}
