import CV4L2
import Glibc

extension V4L2Device {
    package func start(buffers count: Int) throws(DeviceFailure) {
        var given = UInt32(count)
        try perform("REQBUFS") { fsac_v4l2_request_buffers(descriptor, &given) }
        // With one buffer none would be queued while it is read: poll then reports errors for ever.
        guard given >= 2 else { throw DeviceFailure("REQBUFS", ENOMEM) }
        for index in 0..<given {
            var (start, length) = (UnsafeMutableRawPointer?.none, 0)
            try perform("mmap") { fsac_v4l2_map(descriptor, index, &start, &length) }
            // Noted before it is queued: whatever throws from here on, `close` unmaps it.
            buffers.append(UnsafeMutableRawBufferPointer(start: start, count: length))
            try perform("QBUF") { fsac_v4l2_queue(descriptor, index) }
        }
        try perform("STREAMON") { fsac_v4l2_stream(descriptor, 1) }
    }

    package func stop() throws(DeviceFailure) {
        try perform("STREAMOFF") { fsac_v4l2_stream(descriptor, 0) }
        // Before they are freed: drivers may refuse that for buffers that are mapped (EBUSY).
        unmap()
        var none = UInt32(0)
        try perform("REQBUFS") { fsac_v4l2_request_buffers(descriptor, &none) }
    }

    func unmap() {
        for buffer in buffers { fsac_v4l2_unmap(buffer.baseAddress, buffer.count) }
        buffers = []
    }

    package func wait(timeout: Duration) -> DeviceReadiness {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN | POLLPRI), revents: 0)
        // Rounded up: zero milliseconds for the last of a wait would be a busy loop.
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
            // The descriptor does not block, whatever poll(2) said.
            guard errno == EAGAIN else { throw DeviceFailure("DQBUF", errno) }
            return nil
        }
        // A driver's number is not believed: it would be an index into memory.
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
        Array(UnsafeRawBufferPointer(rebasing: buffers[buffer.index].prefix(bytes)))
    }

    package func convert(_ buffer: DeviceBuffer, from format: DeviceFormat) -> [UInt8]? {
        // Made when it is needed: it asks the camera many questions.
        if converter == nil { converter = fsac_v4l2_converter(descriptor) }
        guard let converter else { return nil }
        // A copy: what is widened must not be the driver's own buffer.
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
        // All of them: one that stays keeps poll(2) ready.
        for _ in 0..<Self.longestList {
            var isChange: CInt = 0
            guard fsac_v4l2_dequeue_event(descriptor, &isChange) == 0 else {
                // None is waiting, or the driver has no events at all.
                guard errno == ENOENT || errno == ENOTTY else { throw DeviceFailure("DQEVENT", errno) }
                return changed
            }
            changed = changed || isChange != 0
        }
        return changed
    }
}

extension fsac_v4l2_format {
    fileprivate init(_ format: DeviceFormat) {
        self.init(
            fourcc: format.fourCC.code, height: UInt32(format.height), width: UInt32(format.width),
            bytes_per_row: UInt32(format.bytesPerRow), bytes: UInt32(format.bytes), field: 1)
    }
}
