import ArgumentParser
import Capture
import Settings

/// `fsacctl camera controls`: for a person who sets up light and exposure with another program, and then wants to keep
/// what is set.
struct CameraControls: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controls", abstract: "List a camera's controls: exposure, gain, white balance and so on.",
        discussion: "With --toml as they are now, to be pasted into the configuration.")

    @OptionGroup var options: CameraOptions

    @Flag(help: "Print a table for the configuration.")
    var toml = false

    func run() throws {
        let device = try options.open()
        defer { device.close() }
        // By the same name as it was opened by: what is pasted begins with it.
        let path = try options.path()
        let controls = try camera(path) { () throws(DeviceFailure) in try device.controls() }
            .map { control in
                // A control that cannot be read now (a button, a sensor that is off) has no current value.
                ControlReport(control, value: control.isWriteOnly ? nil : try? device.value(of: control))
            }
        if options.json { return try printJSON(controls) }
        guard !controls.isEmpty else { return Terminal.say("\(path) has no controls") }
        Terminal.write(toml ? Self.toml(controls, path: path) : Self.table(controls))
    }

    private static func table(_ controls: [ControlReport]) -> String {
        var table = Table("CONTROL", ">NOW", ">DEFAULT", "ALLOWED")
        for report in controls {
            let notes = [report.inactive ? "inactive now" : nil, report.readOnly ? "read-only" : nil].compactMap { $0 }
            table.add(
                // A button has no value and no default, only an effect.
                report.name, report.now ?? "", report.control.kind == .button ? "" : report.standard,
                ([report.control.allowed] + notes).joined(separator: "; "))
        }
        return table.text
    }

    /// The controls as a table of the configuration: only those that can be set again, each with what it allows.
    ///
    ///     # /dev/v4l/by-id/usb-...-video-index0
    ///     [camera.controls]
    ///     auto_exposure = "Manual Mode"       # "Manual Mode", "Aperture Priority Mode"
    ///     exposure_time_absolute = 120        # 3 to 2047
    ///     # white_balance_temperature = 4600  # 2800 to 6500
    private static func toml(_ controls: [ControlReport], path: String) -> String {
        var lines: [(setting: String, comment: String)] = []
        for report in controls where !report.readOnly && report.control.kind != .button {
            guard let value = report.value else { continue }
            let text = report.control.text(of: value)
            // Menus by the entry's name: its number may mean something else in another camera or kernel.
            let isMenu = [.menu, .integerMenu].contains(report.control.kind)
            let setting = "\(report.name) = " + (isMenu ? "\"\(text)\"" : text)
            // What an automatic control has in hand would be refused or ignored.
            lines.append(((report.inactive ? "# " : "") + setting, report.control.allowed))
        }
        // The comments below each other.
        let width = lines.map(\.setting.count).max() ?? 0
        return "# \(path)\n[camera.controls]\n"
            + lines.map { line in
                line.setting + String(repeating: " ", count: width - line.setting.count) + "  # \(line.comment)\n"
            }.joined()
    }
}

/// A control and its value now; nil = it has none that could be read.
private struct ControlReport: Encodable {
    let control: CameraControl
    let value: Int?

    init(_ control: CameraControl, value: Int?) {
        self.control = control
        self.value = value
    }

    var name: String { control.name }
    var inactive: Bool { control.isInactive }
    var readOnly: Bool { control.isReadOnly }
    var now: String? { value.map { control.text(of: $0) } }
    var standard: String { control.text(of: control.standard) }

    private enum CodingKeys: String, CodingKey {
        case name, type, min, max, step, value, menu, inactive
        case standard = "default"
        case readOnly = "read_only"
    }

    /// Values as numbers, also of menus and switches, with the menu's names beside them: for programs.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(control.kind.rawValue, forKey: .type)
        try container.encode(control.range.lowerBound, forKey: .min)
        try container.encode(control.range.upperBound, forKey: .max)
        try container.encode(control.step, forKey: .step)
        try container.encode(control.standard, forKey: .standard)
        try container.encodeIfPresent(value, forKey: .value)
        if !control.menu.isEmpty {
            let entries = control.menu.map { ("\($0.index)", $0.name) }
            try container.encode(Dictionary(entries, uniquingKeysWith: { first, _ in first }), forKey: .menu)
        }
        try container.encode(inactive, forKey: .inactive)
        try container.encode(readOnly, forKey: .readOnly)
    }
}
