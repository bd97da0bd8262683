import CV4L2
import Glibc

extension V4L2Device {
    package func controls() throws(DeviceFailure) -> [CameraControl] {
        var (controls, raw) = ([CameraControl](), fsac_v4l2_control())
        for _ in 0..<Self.longestList {
            // EINVAL after the last one; a real error looks the same but for a device that is gone.
            guard fsac_v4l2_next_control(descriptor, raw.id, &raw) == 0 else {
                let failure = DeviceFailure("QUERY_EXT_CTRL", errno)
                if failure.isGone { throw failure }
                // Also in the middle: one control that the camera breaks on does not take the others away.
                return controls
            }
            if let control = CameraControl(raw, menu: menu(of: raw)) { controls.append(control) }
        }
        return controls
    }

    private func menu(of control: fsac_v4l2_control) -> [CameraControl.Entry] {
        let isInteger = control.type == FSAC_V4L2_INTEGER_MENU.rawValue
        guard isInteger || control.type == FSAC_V4L2_MENU.rawValue,
            let indices = CameraControl.menuIndices(from: control.minimum, to: control.maximum)
        else { return [] }
        var control = control
        return indices.compactMap { index in
            var (name, value) = ([CChar](repeating: 0, count: 32), Int64(0))
            // Menus have holes.
            guard fsac_v4l2_menu_entry(descriptor, &control, UInt32(index), &name, &value) == 0 else { return nil }
            let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return CameraControl.Entry(index: index, name: isInteger ? "\(value)" : text)
        }
    }

    package func value(of control: CameraControl) throws(DeviceFailure) -> Int {
        var (raw, value) = (fsac_v4l2_control(control), Int64(0))
        try perform("G_EXT_CTRLS") { fsac_v4l2_get_control(descriptor, &raw, &value) }
        // 32 bits without a sign, which come as a number with one.
        return control.kind == .bitmask ? Int(UInt32(truncatingIfNeeded: value)) : Int(value)
    }

    package func setValue(_ value: Int, of control: CameraControl) throws(DeviceFailure) {
        var raw = fsac_v4l2_control(control)
        try perform("S_EXT_CTRLS") { fsac_v4l2_set_control(descriptor, &raw, Int64(value)) }
    }
}

extension fsac_v4l2_control {
    fileprivate init(_ control: CameraControl) {
        self.init()
        id = control.id
        type = control.kind.type.rawValue
    }
}

extension CameraControl.Kind {
    fileprivate var type: fsac_v4l2_control_type {
        switch self {
        case .integer: FSAC_V4L2_INTEGER
        case .integer64: FSAC_V4L2_INTEGER64
        case .boolean: FSAC_V4L2_BOOLEAN
        case .menu: FSAC_V4L2_MENU
        case .integerMenu: FSAC_V4L2_INTEGER_MENU
        case .bitmask: FSAC_V4L2_BITMASK
        case .button: FSAC_V4L2_BUTTON
        }
    }
}

extension CameraControl {
    /// Nil for strings and for what the driver has disabled.
    fileprivate init?(_ raw: fsac_v4l2_control, menu: [Entry]) {
        let kind = Kind.allCases.first { $0.type.rawValue == raw.type }
        guard let kind, raw.flags & FSAC_V4L2_DISABLED.rawValue == 0 else { return nil }
        self.init(
            id: raw.id, name: Self.name(from: String(characters: raw.name)), kind: kind,
            range: Int(raw.minimum)...Int(Swift.max(raw.minimum, raw.maximum)), step: Swift.max(1, Int(raw.step)),
            standard: Int(raw.standard), menu: menu)
        isReadOnly = raw.flags & FSAC_V4L2_READ_ONLY.rawValue != 0
        isWriteOnly = raw.flags & FSAC_V4L2_WRITE_ONLY.rawValue != 0
        isInactive = raw.flags & FSAC_V4L2_INACTIVE.rawValue != 0
    }
}
