import CV4L2
import Glibc

/// The only caller of the C shim over libv4l2 and libv4lconvert.
///
/// Used by the thread that opened it. The shim repeats what a signal interrupts; every other errno comes up as it is.
package final class V4L2Device: CaptureDevice {
    /// Answers that an enumeration may have: some drivers never say that it is over.
    static let longestList = 1024

    package let identity: DeviceIdentity
    /// libv4l2's, which knows it by this number: closed by the shim alone.
    let descriptor: CInt
    private var isOpen = true
    /// Mapped, by their index.
    var buffers: [UnsafeMutableRawBufferPointer] = []
    /// libv4lconvert, once it was needed.
    var converter: OpaquePointer?

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
        // Without streaming there is only read(2), which is not used here.
        if has(FSAC_V4L2_CAPTURE), has(FSAC_V4L2_STREAMING) { return .capture }
        if has(FSAC_V4L2_CAPTURE_MULTIPLANAR) { return .multiplanar }
        return has(FSAC_V4L2_METADATA_CAPTURE) ? .metadata : .other
    }

    func perform(_ request: String, _ body: () -> CInt) throws(DeviceFailure) {
        guard body() == 0 else { throw DeviceFailure(request, errno) }
    }

    /// Asks for index 0, 1 and so on until the driver says EINVAL.
    private func enumerate<Answer>(
        _ request: String, _ zero: Answer, _ body: (UInt32, inout Answer) -> CInt
    ) throws(DeviceFailure) -> [Answer] {
        var answers: [Answer] = []
        // ENOTTY: the driver has no such list.
        while answers.count < Self.longestList {
            var answer = zero
            if body(UInt32(answers.count), &answer) == 0 {
                answers.append(answer)
            } else if errno == EINVAL || errno == ENOTTY {
                return answers
            } else {
                throw DeviceFailure(request, errno)
            }
        }
        return answers
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
            // Seconds a frame come as fractions, and some drivers give 0.
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
        // The shim refuses a fraction with a zero.
        return .seconds(Double(numerator) / Double(denominator))
    }

    package func setPeriod(_ period: Duration) throws(DeviceFailure) -> Duration? {
        // Microseconds: 30 Hz is 33,333 / 1,000,000, which drivers round to what they have.
        var numerator = UInt32(clamping: Int((period / .microseconds(1)).rounded()))
        var denominator = UInt32(1_000_000)
        if fsac_v4l2_set_period(descriptor, &numerator, &denominator) == 0 {
            return .seconds(Double(numerator) / Double(denominator))
        }
        guard errno == ENOTTY || errno == EINVAL else { throw DeviceFailure("S_PARM", errno) }
        return nil
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

extension String {
    /// The text of a C array of characters, up to its zero.
    init<Characters>(characters: Characters) {
        self = withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
