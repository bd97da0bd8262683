import Glibc
package import Platform

/// What a V4L2 capture node can do, one request a function. The camera's rules are tested on a scripted one.
///
/// An open device, from ``CameraSystem/open(_:)`` to ``close()``, used by one thread. A conformer may assume the order
/// of V4L2: signal, format, rate and controls while the stream is off, then ``start(buffers:)``; frames are waited for,
/// dequeued, copied and queued again; ``stop()`` before a new format. It promises:
///  - Every function but ``wait(timeout:)`` returns as soon as the driver answers, which may take seconds, and for ever
///    with a broken one. A signal that interrupts is not an error.
///  - A ``DeviceFailure`` is the driver's errno, not interpreted: what it means is decided in one place
///    (``CaptureError/init(_:path:system:)``). Nothing is tried again.
///  - After any failure ``close()`` works, and frees everything.
package protocol CaptureDevice: AnyObject {
    var identity: DeviceIdentity { get }

    /// In the driver's order; also those that cannot be read.
    func formats() throws(DeviceFailure) -> [FourCC]
    /// The sizes of a format in words; for messages.
    func sizes(of format: FourCC) -> [String]
    /// Takes the timings of the signal that is there (HDMI); nothing for other inputs.
    func followSignal() throws(DeviceFailure)
    /// The one in use, which another program may have left.
    func format() throws(DeviceFailure) -> DeviceFormat
    /// - Returns: what the driver gives instead, also another format or size: only refusing to answer is an error.
    func setFormat(_ format: FourCC, height: Int, width: Int) throws(DeviceFailure) -> DeviceFormat
    /// Nil where the driver does not say.
    func period() -> Duration?
    /// - Returns: what the driver gives instead; nil where the rate cannot be set.
    func setPeriod(_ period: Duration) throws(DeviceFailure) -> Duration?

    /// All up to the first that the camera breaks on.
    func controls() throws(DeviceFailure) -> [CameraControl]
    func value(of control: CameraControl) throws(DeviceFailure) -> Int
    /// Drivers round silently: read it back.
    func setValue(_ value: Int, of control: CameraControl) throws(DeviceFailure)

    /// Requests, maps and queues buffers and starts the stream. The driver may give another number of buffers, at least
    /// two.
    func start(buffers: Int) throws(DeviceFailure)
    /// Stops the stream and gives the buffers back: no dequeued buffer may be touched after this.
    func stop() throws(DeviceFailure)
    /// Blocks for at most `timeout`; empty when nothing happened. Readiness is a hint: a frame may be gone when it is
    /// asked for.
    func wait(timeout: Duration) -> DeviceReadiness
    /// The oldest frame, never waiting for one; nil while none is ready. The caller owns the buffer until it queues it,
    /// once: with all of them in its hands the driver drops frames.
    func dequeue() throws(DeviceFailure) -> DeviceBuffer?
    /// The first bytes of a dequeued buffer, fewer where it is shorter: the driver fills it again after ``queue(_:)``.
    func copy(_ buffer: DeviceBuffer, bytes: Int) -> [UInt8]
    /// A dequeued buffer of a format that libv4lconvert reads, as RGB of `height * width * 3` bytes; nil when it failed.
    func convert(_ buffer: DeviceBuffer, from format: DeviceFormat) -> [UInt8]?
    func queue(_ buffer: DeviceBuffer) throws(DeviceFailure)
    /// Whether the source announced another signal or size since the last question; asked when ``wait(timeout:)`` says
    /// `event`.
    func sourceChanged() throws(DeviceFailure) -> Bool

    /// Also with a stream on and buffers dequeued. Nothing else follows.
    func close()
}

/// Where devices are, and what time it is: what a test replaces to make cameras come, go and hang.
///
/// A conformer's clock does not go back, and its pauses pass on that clock. ``isLink(_:)`` is asked twice a second for
/// as long as a camera is away: one look at the file system and no more.
package protocol CameraSystem {
    /// Whether a path is a link; nil when nothing is there.
    func isLink(_ path: String) -> Bool?
    /// Does not wait for a device that others use, and does not start its stream.
    func open(_ path: String) throws(DeviceFailure) -> any CaptureDevice
    /// The program that has the device open, as far as it can be seen: `guvcview (pid 4711)`.
    /// Asked only after the device was busy: it may look at every process.
    func holder(of path: String) -> String?
    var now: Moment { get }
    /// Blocks the capture thread.
    func pause(_ duration: Duration)
}

/// A request that the driver refused.
package struct DeviceFailure: Error, Equatable {
    /// As V4L2 names it, without `VIDIOC_`; `open`, `mmap`.
    package var request: String
    package var errno: CInt

    package init(_ request: String, _ errno: CInt) {
        self.request = request
        self.errno = errno
    }

    /// No question about the device has another answer.
    var isGone: Bool { errno == ENODEV || errno == ENXIO }
}

package struct DeviceReadiness: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// A frame can be dequeued (POLLIN).
    package static let frame = DeviceReadiness(rawValue: 1)
    /// An event waits (POLLPRI).
    package static let event = DeviceReadiness(rawValue: 2)
    /// The queue is in error, or not streaming (POLLERR).
    package static let error = DeviceReadiness(rawValue: 4)
    /// The device is gone (POLLHUP).
    package static let gone = DeviceReadiness(rawValue: 8)
}

/// As the driver names a device.
package struct DeviceIdentity: Sendable, Equatable {
    package var driver: String
    package var card: String
    package var bus: String
    package var kind: Kind

    package enum Kind: String, Sendable, Codable {
        case capture
        /// Capture with several planes a frame.
        case multiplanar
        /// The second node of a USB camera: no pictures.
        case metadata
        case other
    }

    package init(driver: String, card: String, bus: String, kind: Kind = .capture) {
        self.driver = driver
        self.card = card
        self.bus = bus
        self.kind = kind
    }
}

/// V4L2's four-character code of a format: `YUYV`, `Y16 `.
package struct FourCC: Sendable, Hashable, CustomStringConvertible {
    package var code: UInt32

    package init(code: UInt32) { self.code = code }

    /// Filled up with spaces. Nil for other than one to four ASCII characters.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard 1...4 ~= bytes.count, bytes.allSatisfy({ 0x20..<0x7F ~= $0 }) else { return nil }
        code = (bytes + Array(repeating: 0x20, count: 4 - bytes.count)).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Without the spaces at its end; big-endian variants end in `-BE`, as `v4l2-ctl` has it.
    package var description: String {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: code >> (8 * $0)) & 0x7F }
        let text = bytes.prefix { $0 > 0x20 }
        return String(decoding: text, as: UTF8.self) + (code >> 31 == 1 ? "-BE" : "")
    }
}

/// What a driver gave.
package struct DeviceFormat: Sendable, Equatable {
    package var fourCC: FourCC
    package var height: Int
    package var width: Int
    package var bytesPerRow: Int
    /// The largest frame.
    package var bytes: Int
    /// Every buffer holds a whole frame, not every second row of one.
    package var isProgressive: Bool

    package init(fourCC: FourCC, height: Int, width: Int, bytesPerRow: Int, bytes: Int, isProgressive: Bool = true) {
        self.fourCC = fourCC
        self.height = height
        self.width = width
        self.bytesPerRow = bytesPerRow
        self.bytes = bytes
        self.isProgressive = isProgressive
    }
}

/// A buffer that the driver handed out.
package struct DeviceBuffer: Sendable, Equatable {
    package var index: Int
    package var bytesUsed: Int
    /// The driver's word that the data may be damaged.
    package var isFlagged = false
    package var sequence: UInt32
    /// By CLOCK_MONOTONIC; nil when the driver used another clock.
    package var microseconds: Int64?
    /// The time is that of the start of the exposure, not of the frame's end.
    package var isStartOfExposure = false

    package init(index: Int, bytesUsed: Int, sequence: UInt32, microseconds: Int64?) {
        self.index = index
        self.bytesUsed = bytesUsed
        self.sequence = sequence
        self.microseconds = microseconds
    }
}
