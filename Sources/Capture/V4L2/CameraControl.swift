import Glibc
import Platform
package import Settings

/// A setting of a camera, as its driver describes it. Descriptions change: setting one control may make another
/// inactive, and some drivers give another range with another format.
package struct CameraControl: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case integer, integer64, boolean, menu, bitmask, button
        case integerMenu = "integer_menu"
    }

    /// An entry of a menu. Menus have holes.
    package struct Entry: Sendable, Equatable {
        package var index: Int
        package var name: String

        package init(index: Int, name: String) {
            self.index = index
            self.name = name
        }
    }

    /// Exposure time in units of 100 us.
    static let exposureAbsolute: UInt32 = 0x009a_0902

    package var id: UInt32
    /// As `v4l2-ctl` prints it: `exposure_time_absolute`.
    package var name: String
    package var kind: Kind
    package var range: ClosedRange<Int>
    package var step: Int
    /// The driver's default.
    package var standard: Int
    package var menu: [Entry]
    package var isReadOnly = false
    package var isWriteOnly = false
    /// Another control keeps it from having an effect (an automatic one that is on).
    package var isInactive = false

    package init(
        id: UInt32, name: String, kind: Kind, range: ClosedRange<Int>, step: Int = 1, standard: Int = 0,
        menu: [Entry] = []
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.range = range
        self.step = step
        self.standard = standard
        self.menu = menu
    }

    /// Where the entries of a menu may be; nil for limits that no menu has.
    package static func menuIndices(from minimum: Int64, to maximum: Int64) -> ClosedRange<Int>? {
        // Each index is a request to the camera: a driver that says 2^31 would hold the thread for hours.
        guard minimum >= 0, maximum >= minimum, maximum <= UInt32.max, maximum - minimum < 1000 else { return nil }
        return Int(minimum)...Int(maximum)
    }

    /// Letters and digits in lower case, everything between them one underscore: `White Balance, Automatic` is
    /// `white_balance_automatic`.
    /// As `v4l2-ctl` makes them, so that what people find there can be pasted.
    package static func name(from title: String) -> String {
        title.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.joined(separator: "_")
    }

    /// A value in words: the menu's entry, `on`, a number.
    package func text(of value: Int) -> String {
        switch kind {
        case .menu, .integerMenu: menu.first { $0.index == value }?.name ?? "\(value)"
        case .boolean: value == 0 ? "false" : "true"
        default: "\(value)"
        }
    }

    /// What can be set, in words.
    package var allowed: String {
        switch kind {
        case .boolean: "true or false"
        case .menu, .integerMenu: menu.map { "\"\($0.name)\"" }.joined(separator: ", ")
        case .button: "nothing: it is a button"
        default: "\(range.lowerBound) to \(range.upperBound)" + (step > 1 ? " in steps of \(step)" : "")
        }
    }

    /// The driver's number for a configured value; nil when it cannot be that.
    package func number(for value: Configuration.ControlValue) -> Int? {
        guard !isReadOnly, kind != .button else { return nil }
        switch (kind, value) {
        case (.boolean, .flag(let flag)): return flag ? 1 : 0
        case (.boolean, .number(let number)): return 0...1 ~= number ? number : nil
        case (.menu, .choice(let name)), (.integerMenu, .choice(let name)):
            return menu.first { $0.name.lowercased() == name.lowercased() }?.index
        case (.menu, .number(let index)), (.integerMenu, .number(let index)):
            return menu.first { $0.index == index }?.index
        case (.integer, .number(let number)), (.integer64, .number(let number)), (.bitmask, .number(let number)):
            return range.contains(number) ? number : nil
        // A text for a number, a flag for a menu: the configuration is wrong.
        default: return nil
        }
    }
}

extension Configuration.ControlValue {
    /// As it stands in the configuration.
    var text: String {
        switch self {
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .choice(let name): "\"\(name)\""
        }
    }
}

/// The configured controls of one camera, in the order in which they are set. Made anew at each start of the stream, of
/// what the camera has then.
struct ConfiguredControls {
    private let settings: [(control: CameraControl, value: Int)]

    /// - Throws: `controlUnknown` and `controlOutOfRange`, which list what the camera has.
    init(
        _ configured: [String: Configuration.ControlValue], offered: [CameraControl], path: String
    ) throws(CaptureError) {
        var settings: [(control: CameraControl, value: Int)] = []
        // Everything is checked before anything is set.
        for (name, value) in configured {
            guard let control = offered.first(where: { $0.name == name }) else {
                throw .controlUnknown(path: path, name: name, offered: offered.map(\.name).sorted())
            }
            guard let number = control.number(for: value) else {
                throw .controlOutOfRange(
                    path: path, name: name, value: value.text,
                    allowed: control.isReadOnly ? "nothing: it is read-only" : control.allowed)
            }
            settings.append((control, number))
        }
        // Switches first: exposure_time_absolute takes a value only after auto_exposure was set to manual.
        let order = { (control: CameraControl) in
            ([.boolean, .menu].contains(control.kind) ? 0 : 1, control.name)
        }
        self.settings = settings.sorted { order($0.control) < order($1.control) }
    }

    /// - Throws: only when the device is gone; what was not taken shows in ``differences(on:)``.
    func apply(to device: any CaptureDevice) throws(DeviceFailure) {
        for (control, value) in settings {
            do {
                try device.setValue(value, of: control)
            } catch  where !error.isGone {
                // The driver does not want it now, or the camera cannot; what it has instead is read back.
                continue
            }
        }
    }

    /// What the camera has instead of what it was told, a sentence each. Asked once it streams, when nothing is set any
    /// more.
    func differences(on device: any CaptureDevice) throws(DeviceFailure) -> [String] {
        var differences: [String] = []
        for (control, value) in settings where !control.isWriteOnly {
            let got: Int
            do {
                got = try device.value(of: control)
            } catch  where !error.isGone {
                differences.append(
                    "control \(control.name): asked for \(control.text(of: value)), the camera does not say what it has: "
                        + ErrnoText.describe(error.errno))
                continue
            }
            guard got != value else { continue }
            let isInactive = try isInactive(control, on: device)
            differences.append(
                "control \(control.name): asked for \(control.text(of: value)), the camera has \(control.text(of: got))"
                    + (isInactive ? ": an automatic control holds it" : ""))
        }
        return differences
    }

    /// Asked again: setting one control changes what others may do.
    private func isInactive(_ control: CameraControl, on device: any CaptureDevice) throws(DeviceFailure) -> Bool {
        do {
            return try device.controls().contains { $0.id == control.id && $0.isInactive }
        } catch  where !error.isGone {
            return false
        }
    }
}
