import Capture
import Glibc
import Platform
import Settings

/// A computer with one camera that does what a script says. Its clock moves only while somebody waits.
final class ScriptedCamera: CameraSystem {
    enum Step {
        /// A frame after so long; nil = as the camera is. `late` is how long it then waited in the driver, `skew` how
        /// wrong its time is.
        case frame(
            after: Duration? = nil, bytes: Int? = nil, flagged: Bool = false, sequence: UInt32? = nil,
            late: Duration = .zero, skew: Duration = .zero, ownClock: Bool = false)
        /// One answer of poll.
        case poll(DeviceReadiness)
        /// DQBUF fails; `whileBroken`: poll says POLLERR until the stream is stopped.
        case dequeueFails(CInt, whileBroken: Bool = false)
        /// The source announces these frames from now on.
        case change(DeviceFormat)
        case silence(Duration)
    }

    enum Node { case link, number, absent }

    var node = Node.link
    var identity = DeviceIdentity(driver: "scripted", card: "Cam", bus: "usb-1")
    var format = ScriptedCamera.yuyv(height: 4, width: 6)
    var offered = [FourCC("YUYV"), FourCC("MJPG"), FourCC("H264")].compactMap { $0 }
    /// What it gives instead when a format is asked for; others keep the size.
    var given: [FourCC: DeviceFormat] = [:]
    var period = Duration.milliseconds(100)
    var controls: [CameraControl] = []
    var values: [UInt32: Int] = [:]
    /// Errors of the next calls of a request, by its name.
    var failures: [String: [CInt]] = [:]
    var holder: String?
    var isStartOfExposure = false

    var script: [Step] = []
    /// What the camera does after its script.
    var sendsFrames = true
    /// How long DQBUF takes to say that there is none.
    var emptyAnswer = Duration.zero

    private(set) var log: [String] = []
    private(set) var openDevices = 0
    private(set) var queued = 0
    private(set) var elapsed = Duration.zero
    private let start = ContinuousClock.now
    fileprivate var sequence: UInt32 = 0
    fileprivate var ready: DeviceBuffer?
    fileprivate var isBroken = false

    static func yuyv(height: Int, width: Int) -> DeviceFormat {
        DeviceFormat(
            fourCC: FourCC(code: 0x5659_5559), height: height, width: width, bytesPerRow: 2 * width,
            bytes: 2 * width * height)
    }

    // MARK: System

    func isLink(_ path: String) -> Bool? {
        switch node {
        case .link: true
        case .number: false
        case .absent: nil
        }
    }

    func open(_ path: String) throws(DeviceFailure) -> any CaptureDevice {
        try request("open")
        openDevices += 1
        return ScriptedDevice(self)
    }

    func holder(of path: String) -> String? { holder }

    var now: Moment {
        // The two clocks are an hour apart: they may never be mixed.
        Moment(instant: start + elapsed, microseconds: 3_600_000_000 + Int64(elapsed / .microseconds(1)))
    }

    func pause(_ duration: Duration) { elapsed += duration }

    /// How long after the start an instant of this clock is.
    func time(of instant: ContinuousClock.Instant) -> Duration { instant - start }

    // MARK: Device

    fileprivate func request(_ name: String, _ text: String? = nil) throws(DeviceFailure) {
        log.append(text ?? name)
        guard let errors = failures[name], let error = errors.first else { return }
        failures[name] = Array(errors.dropFirst())
        if error != 0 { throw DeviceFailure(name, error) }
    }

    fileprivate func closed() { openDevices -= 1 }

    fileprivate func queuedOne() { queued += 1 }

    fileprivate func nextStep(within timeout: Duration) -> DeviceReadiness {
        if isBroken { return .error }
        if ready != nil { return .frame }
        guard let step = script.first ?? (sendsFrames ? .frame() : nil) else {
            elapsed += timeout
            return []
        }
        switch step {
        case .poll(let readiness):
            script.removeFirst()
            return readiness
        case .dequeueFails: return .frame
        case .change(let format):
            self.format = format
            script.removeFirst()
            return .event
        case .silence(let duration):
            elapsed += min(duration, timeout)
            script.removeFirst()
            if duration > timeout { script.insert(.silence(duration - timeout), at: 0) }
            return []
        case .frame(let after, let bytes, let flagged, let number, let late, let skew, let ownClock):
            let wait = after ?? period
            if !script.isEmpty { script.removeFirst() }
            guard wait <= timeout else {
                elapsed += timeout
                script.insert(
                    .frame(
                        after: wait - timeout, bytes: bytes, flagged: flagged, sequence: number, late: late, skew: skew,
                        ownClock: ownClock), at: 0)
                return []
            }
            elapsed += wait
            sequence = number ?? sequence
            var buffer = DeviceBuffer(
                index: 0, bytesUsed: bytes ?? format.bytes, sequence: sequence,
                microseconds: ownClock ? nil : now.microseconds + Int64(skew / .microseconds(1)))
            buffer.isFlagged = flagged
            buffer.isStartOfExposure = isStartOfExposure
            sequence &+= 1
            elapsed += late
            ready = buffer
            return .frame
        }
    }
}

private final class ScriptedDevice: CaptureDevice {
    private let camera: ScriptedCamera

    init(_ camera: ScriptedCamera) { self.camera = camera }

    var identity: DeviceIdentity { camera.identity }
    func formats() -> [FourCC] { camera.offered }
    func sizes(of format: FourCC) -> [String] { ["\(camera.format.width) x \(camera.format.height)"] }
    func followSignal() throws(DeviceFailure) { try camera.request("QUERY_DV_TIMINGS") }
    func format() throws(DeviceFailure) -> DeviceFormat { camera.format }

    func setFormat(_ format: FourCC, height: Int, width: Int) throws(DeviceFailure) -> DeviceFormat {
        try camera.request("S_FMT")
        camera.format.fourCC = format
        camera.format = camera.given[format] ?? camera.format
        return camera.format
    }

    func period() -> Duration? { camera.period }

    func setPeriod(_ period: Duration) throws(DeviceFailure) -> Duration? {
        try camera.request("S_PARM")
        return camera.period
    }

    func controls() throws(DeviceFailure) -> [CameraControl] {
        try camera.request("QUERY_EXT_CTRL")
        return camera.controls
    }

    func value(of control: CameraControl) throws(DeviceFailure) -> Int {
        try camera.request("G_EXT_CTRLS")
        return camera.values[control.id] ?? control.standard
    }

    func setValue(_ value: Int, of control: CameraControl) throws(DeviceFailure) {
        try camera.request("S_EXT_CTRLS", "set \(control.name) \(value)")
        camera.values[control.id] = value
    }

    func start(buffers: Int) throws(DeviceFailure) {
        for name in ["REQBUFS", "QBUF", "STREAMON"] { try camera.request(name) }
        camera.sequence = 0
    }

    func stop() throws(DeviceFailure) {
        try camera.request("STREAMOFF")
        (camera.isBroken, camera.ready) = (false, nil)
    }

    func wait(timeout: Duration) -> DeviceReadiness { camera.nextStep(within: timeout) }

    func dequeue() throws(DeviceFailure) -> DeviceBuffer? {
        if camera.ready == nil, case .dequeueFails(let error, let isBroken) = camera.script.first {
            camera.script.removeFirst()
            camera.isBroken = isBroken
            throw DeviceFailure("DQBUF", error)
        }
        defer { camera.ready = nil }
        if camera.ready == nil { camera.pause(camera.emptyAnswer) }
        return camera.ready
    }

    func copy(_ buffer: DeviceBuffer, bytes: Int) -> [UInt8] { Array(repeating: 7, count: bytes) }
    func convert(_ buffer: DeviceBuffer, from format: DeviceFormat) -> [UInt8]? { nil }

    func queue(_ buffer: DeviceBuffer) throws(DeviceFailure) {
        try camera.request("requeue")
        camera.queuedOne()
    }

    func sourceChanged() -> Bool { true }

    func close() {
        (camera.isBroken, camera.ready) = (false, nil)
        camera.closed()
    }
}

/// Asks a camera for frames as the capture thread does.
final class CaptureThread {
    private var camera: V4L2Camera

    init(_ settings: Configuration.Camera, system: ScriptedCamera) {
        camera = V4L2Camera(settings, system: system)
    }

    var reading: SourceReading { camera.reading }

    /// The next frame; nil when none came in time.
    func frame(within timeout: Duration = .milliseconds(700)) throws(CaptureError) -> Frame? {
        guard case .frame(let frame) = try camera.next(timeout: timeout) else { return nil }
        return frame
    }

    /// The next failure.
    func failure(calls: Int = 100) -> CaptureError? {
        for _ in 0..<calls {
            do throws(CaptureError) { _ = try camera.next(timeout: .milliseconds(200)) } catch { return error }
        }
        return nil
    }
}
