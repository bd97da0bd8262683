import CV4L2
import Glibc

/// The only caller of the C shim over libv4l2 and libv4lconvert.
package final class V4L2Device: CaptureDevice {
    package let identity: DeviceIdentity
    private let descriptor: CInt
    private var isOpen = true
    private var buffers: [UnsafeMutableRawBufferPointer] = []
    private var converter: OpaquePointer?

    package init(path: String) throws(DeviceFailure) {
        let descriptor = fsac_v4l2_open(path)
        guard descriptor >= 0 else { throw DeviceFailure("open", errno) }
        self.descriptor = descriptor
        var answer = fsac_v4l2_identity()
        guard fsac_v4l2_identify(descriptor, &answer) == 0 else {
            let failure = DeviceFailure("QUERYCAP", errno)
            fsac_v4l2_close(descriptor)
            throw failure
        }
        identity = DeviceIdentity(
            driver: String(characters: answer.driver), card: String(characters: answer.card),
            bus: String(characters: answer.bus), kind: Self.kind(answer.capabilities))
        // Most cameras have no such event, and say so.
        fsac_v4l2_subscribe_source_change(descriptor)
    }

    deinit { close() }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        // A device that is gone refuses this; closing frees everything in any case.
        fsac_v4l2_stream(descriptor, 0)
        unmap()
        if let converter { fsac_v4l2_converter_free(converter) }
        fsac_v4l2_close(descriptor)
    }

    private static func kind(_ capabilities: UInt32) -> DeviceIdentity.Kind {
        func has(_ capability: fsac_v4l2_capability) -> Bool { capabilities & capability.rawValue != 0 }
        if has(FSAC_V4L2_CAPTURE), has(FSAC_V4L2_STREAMING) { return .capture }
        if has(FSAC_V4L2_CAPTURE_MULTIPLANAR) { return .multiplanar }
        return has(FSAC_V4L2_METADATA_CAPTURE) ? .metadata : .other
    }

    private func perform(_ request: String, _ body: () -> CInt) throws(DeviceFailure) {
        guard body() == 0 else { throw DeviceFailure(request, errno) }
    }

    /// Asks for index 0, 1 and so on until the driver says EINVAL.
    private func enumerate<Answer>(
        _ request: String, _ zero: Answer, _ body: (UInt32, inout Answer) -> CInt
    ) throws(DeviceFailure) -> [Answer] {
        var answers: [Answer] = []
        while true {
            var answer = zero
            if body(UInt32(answers.count), &answer) == 0 {
                answers.append(answer)
            } else if errno == EINVAL || errno == ENOTTY {
                return answers
            } else {
                throw DeviceFailure(request, errno)
            }
        }
    }
}

// MARK: - Format and rate

extension V4L2Device {
    package func formats() throws(DeviceFailure) -> [FourCC] {
        try offers().map(\.fourCC)
    }

    /// Formats and what the driver calls them.
    package func offers() throws(DeviceFailure) -> [(fourCC: FourCC, description: String)] {
        try enumerate("ENUM_FMT", fsac_v4l2_offer()) { fsac_v4l2_enumerate_format(descriptor, $0, &$1) }
            .map { (FourCC(code: $0.fourcc), String(characters: $0.description)) }
    }

    package func sizes(of format: FourCC) -> [String] {
        // In a message a list that cannot be had is an empty one.
        ((try? sizeRanges(of: format)) ?? []).map(\.description)
    }

    package func sizeRanges(of format: FourCC) throws(DeviceFailure) -> [SizeRange] {
        try enumerate("ENUM_FRAMESIZES", fsac_v4l2_sizes()) {
            fsac_v4l2_enumerate_sizes(descriptor, $0, format.code, &$1)
        }.map { sizes in
            SizeRange(
                height: Int(sizes.min_height)...Int(max(sizes.min_height, sizes.max_height)),
                width: Int(sizes.min_width)...Int(max(sizes.min_width, sizes.max_width)))
        }
    }

    /// Frames a second, at least and at most, of each rate or range of rates; slowest last.
    package func rates(of format: FourCC, height: Int, width: Int) throws(DeviceFailure) -> [ClosedRange<Double>] {
        try enumerate("ENUM_FRAMEINTERVALS", fsac_v4l2_periods()) {
            fsac_v4l2_enumerate_periods(descriptor, $0, format.code, UInt32(height), UInt32(width), &$1)
        }.compactMap { periods in
            guard periods.min_numerator > 0, periods.max_numerator > 0 else { return nil }
            let fastest = Double(periods.min_denominator) / Double(periods.min_numerator)
            let slowest = Double(periods.max_denominator) / Double(periods.max_numerator)
            return min(slowest, fastest)...max(slowest, fastest)
        }
    }

    package func followSignal() throws(DeviceFailure) {
        try perform("QUERY_DV_TIMINGS") { fsac_v4l2_follow_signal(descriptor) }
    }

    package func format() throws(DeviceFailure) -> DeviceFormat {
        var answer = fsac_v4l2_format()
        try perform("G_FMT") { fsac_v4l2_get_format(descriptor, &answer) }
        return DeviceFormat(answer)
    }

    package func setFormat(_ format: FourCC, height: Int, width: Int) throws(DeviceFailure) -> DeviceFormat {
        var answer = fsac_v4l2_format()
        answer.fourcc = format.code
        answer.height = UInt32(clamping: height)
        answer.width = UInt32(clamping: width)
        try perform("S_FMT") { fsac_v4l2_set_format(descriptor, &answer) }
        return DeviceFormat(answer)
    }

    package func period() -> Duration? {
        var (numerator, denominator) = (UInt32(0), UInt32(0))
        guard fsac_v4l2_get_period(descriptor, &numerator, &denominator) == 0 else { return nil }
        return .seconds(Double(numerator) / Double(denominator))
    }

    package func setPeriod(_ period: Duration) throws(DeviceFailure) -> Duration? {
        var numerator = UInt32(clamping: Int((period / .microseconds(1)).rounded()))
        var denominator = UInt32(1_000_000)
        if fsac_v4l2_set_period(descriptor, &numerator, &denominator) == 0 {
            return .seconds(Double(numerator) / Double(denominator))
        }
        guard errno == ENOTTY || errno == EINVAL else { throw DeviceFailure("S_PARM", errno) }
        return nil
    }
}

// MARK: - Stream

extension V4L2Device {
    package func start(buffers count: Int) throws(DeviceFailure) {
        var given = UInt32(count)
        try perform("REQBUFS") { fsac_v4l2_request_buffers(descriptor, &given) }
        // With one buffer none would be queued while it is read: poll then reports errors for ever.
        guard given >= 2 else { throw DeviceFailure("REQBUFS", ENOMEM) }
        for index in 0..<given {
            var (start, length) = (UnsafeMutableRawPointer?.none, 0)
            try perform("mmap") { fsac_v4l2_map(descriptor, index, &start, &length) }
            buffers.append(UnsafeMutableRawBufferPointer(start: start, count: length))
            try perform("QBUF") { fsac_v4l2_queue(descriptor, index) }
        }
        try perform("STREAMON") { fsac_v4l2_stream(descriptor, 1) }
    }

    package func stop() throws(DeviceFailure) {
        try perform("STREAMOFF") { fsac_v4l2_stream(descriptor, 0) }
        unmap()
        var none = UInt32(0)
        try perform("REQBUFS") { fsac_v4l2_request_buffers(descriptor, &none) }
    }

    private func unmap() {
        for buffer in buffers { fsac_v4l2_unmap(buffer.baseAddress, buffer.count) }
        buffers = []
    }

    package func wait(timeout: Duration) -> DeviceReadiness {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN | POLLPRI), revents: 0)
        let milliseconds = CInt(clamping: Int64((timeout / .milliseconds(1)).rounded(.up)))
        // An interrupting signal is as good as a timeout.
        guard poll(&request, 1, max(0, milliseconds)) > 0 else { return [] }
        let events = CInt(request.revents)
        var readiness = DeviceReadiness()
        if events & CInt(POLLIN) != 0 { readiness.insert(.frame) }
        if events & CInt(POLLPRI) != 0 { readiness.insert(.event) }
        if events & CInt(POLLERR) != 0 { readiness.insert(.error) }
        if events & CInt(POLLHUP | POLLNVAL) != 0 { readiness.insert(.gone) }
        return readiness
    }

    package func dequeue() throws(DeviceFailure) -> DeviceBuffer? {
        var answer = fsac_v4l2_buffer()
        guard fsac_v4l2_dequeue(descriptor, &answer) == 0 else {
            guard errno == EAGAIN else { throw DeviceFailure("DQBUF", errno) }
            return nil
        }
        guard buffers.indices.contains(Int(answer.index)) else { throw DeviceFailure("DQBUF", EIO) }
        let clock = answer.flags & FSAC_V4L2_CLOCK_MASK.rawValue
        var buffer = DeviceBuffer(
            index: Int(answer.index), bytesUsed: Int(answer.bytes), sequence: answer.sequence,
            microseconds: clock == FSAC_V4L2_CLOCK_MONOTONIC.rawValue ? answer.microseconds : nil)
        buffer.isFlagged = answer.flags & FSAC_V4L2_ERROR.rawValue != 0
        buffer.isStartOfExposure =
            answer.flags & FSAC_V4L2_SOURCE_MASK.rawValue == FSAC_V4L2_SOURCE_START_OF_EXPOSURE.rawValue
        return buffer
    }

    package func copy(_ buffer: DeviceBuffer, bytes: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(buffers[buffer.index]).prefix(bytes))
    }

    package func convert(_ buffer: DeviceBuffer, from format: DeviceFormat) -> [UInt8]? {
        if converter == nil { converter = fsac_v4l2_converter(descriptor) }
        guard let converter else { return nil }
        let source = SensorFormat.widened(format, copy(buffer, bytes: buffer.bytesUsed))
        let count = 3 * format.height * format.width
        var raw = fsac_v4l2_format(source.format)
        var isComplete = false
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { pixels, filled in
            isComplete =
                fsac_v4l2_convert(converter, &raw, source.bytes, source.bytes.count, pixels.baseAddress) == 0
            filled = isComplete ? count : 0
        }
        return isComplete ? pixels : nil
    }

    package func queue(_ buffer: DeviceBuffer) throws(DeviceFailure) {
        try perform("QBUF") { fsac_v4l2_queue(descriptor, UInt32(buffer.index)) }
    }

    package func sourceChanged() throws(DeviceFailure) -> Bool {
        var changed = false
        while true {
            var isChange: CInt = 0
            guard fsac_v4l2_dequeue_event(descriptor, &isChange) == 0 else {
                guard errno == ENOENT || errno == ENOTTY else { throw DeviceFailure("DQEVENT", errno) }
                return changed
            }
            changed = changed || isChange != 0
        }
    }
}

// MARK: - Controls

extension V4L2Device {
    package func controls() throws(DeviceFailure) -> [CameraControl] {
        var (controls, raw) = ([CameraControl](), fsac_v4l2_control())
        while fsac_v4l2_next_control(descriptor, raw.id, &raw) == 0 {
            if let control = CameraControl(raw, menu: menu(of: raw)) { controls.append(control) }
        }
        guard errno == EINVAL || errno == ENOTTY else { throw DeviceFailure("QUERY_EXT_CTRL", errno) }
        return controls
    }

    private func menu(of control: fsac_v4l2_control) -> [CameraControl.Entry] {
        let isInteger = control.type == FSAC_V4L2_INTEGER_MENU.rawValue
        guard isInteger || control.type == FSAC_V4L2_MENU.rawValue, control.maximum - control.minimum < 1000 else {
            return []
        }
        var control = control
        return (Int(control.minimum)...Int(max(control.minimum, control.maximum))).compactMap { index in
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

extension DeviceFormat {
    fileprivate init(_ raw: fsac_v4l2_format) {
        self.init(
            fourCC: FourCC(code: raw.fourcc), height: Int(raw.height), width: Int(raw.width),
            bytesPerRow: Int(raw.bytes_per_row), bytes: Int(raw.bytes),
            // 0: any, 1: none, 4: both fields in a frame, row by row; the others are fields of their own.
            isProgressive: [0, 1].contains(raw.field))
    }
}

extension fsac_v4l2_format {
    fileprivate init(_ format: DeviceFormat) {
        self.init(
            fourcc: format.fourCC.code, height: UInt32(format.height), width: UInt32(format.width),
            bytes_per_row: UInt32(format.bytesPerRow), bytes: UInt32(format.bytes), field: 1)
    }
}

extension String {
    /// The text of a C array of characters, up to its zero.
    fileprivate init<Characters>(characters: Characters) {
        self = withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
