import Core
import Glibc
import Platform
import Settings

/// An open camera that streams: takes frames, and starts the stream again when it stops by itself.
///
/// A value that owns the device: ``V4L2Camera`` keeps the newest copy and closes it after an error.
struct V4L2Stream {
    enum Event {
        case frame(Result<Picture, FrameFault>, FrameTimes)
        case none
        /// No frame for too long, or only such with a fault. Hopeless: starting the stream again did not help.
        case stalled(FrameFault?, isHopeless: Bool)
    }

    /// One is filled, one is read, and two are for a thread that is late.
    private static let buffers = 4
    /// Without a sound frame in between; then the device is closed.
    private static let restartLimit = 3
    /// In a row; a frame in between begins anew.
    private static let pollErrorLimit = 3
    /// After an answer that makes no sense: no loop goes round without a pause.
    private static let breath = Duration.milliseconds(20)

    private let device: any CaptureDevice
    private let asked: Configuration.Camera
    private let system: any CameraSystem
    private let attempt: DeviceAttempt

    private var format = DeviceFormat(fourCC: FourCC(code: 0), height: 0, width: 0, bytesPerRow: 0, bytes: 0)
    private var clock: FrameClock
    /// Frames that are still let go of without a look.
    private var warmupLeft = 0
    /// When the driver last handed out a buffer, or the stream began.
    private var aliveAt: ContinuousClock.Instant
    /// Tells whether a look at the driver brought anything.
    private var dequeued: UInt64 = 0
    /// Since when all frames had a fault.
    private var damagedSince: ContinuousClock.Instant?
    /// Restarts since the last frame without a fault.
    private var restartsInVain = 0
    private var pollErrors = 0

    init(
        device: any CaptureDevice, asked: Configuration.Camera, system: any CameraSystem, progress: LoopProgress?
    ) {
        self.device = device
        self.asked = asked
        self.system = system
        attempt = DeviceAttempt(path: asked.device, system: system, progress: progress)
        clock = FrameClock(startedAt: system.now, driver: device.identity.driver)
        aliveAt = clock.startedAt.instant
    }

    func close() { device.close() }

    /// Agrees on everything with the driver and starts the stream.
    mutating func begin(reading: inout SourceReading) throws(CaptureError) {
        // Everything anew at each start: a camera that lost power meanwhile has forgotten it.
        let agreement = try DeviceAgreement(with: device, asked: asked, attempt)
        try attempt { () throws(DeviceFailure) in try device.start(buffers: Self.buffers) }
        format = try agreement.confirmed(by: device, attempt)
        reading.description = agreement.description
        reading.differences = try attempt { () throws(DeviceFailure) in try agreement.differences(on: device) }
        clock = FrameClock(
            startedAt: system.now, reported: agreement.period, exposure: agreement.exposure,
            driver: device.identity.driver, learnedFrom: clock)
        damagedSince = nil
        warmupLeft = asked.warmupFrames
        // A new stream has the whole patience.
        aliveAt = clock.startedAt.instant
    }

    /// Waits for a frame, at most about `timeout`.
    mutating func next(timeout: Duration, reading: inout SourceReading) throws(CaptureError) -> Event {
        let deadline = system.now.instant + timeout
        var wasReady = false
        while true {
            let before = dequeued
            if let event = try take(&reading) { return event }
            // Ready, and then it was not.
            if wasReady, dequeued == before { system.pause(Self.breath) }
            let now = system.now.instant
            let stallsAt = aliveAt + stallLimit
            guard now < stallsAt else {
                return .stalled(nil, isHopeless: try !restart(&reading))
            }
            guard now < deadline else { return .none }
            let readiness = device.wait(timeout: min(deadline, stallsAt) - now)
            wasReady = readiness.contains(.frame)
            try handle(readiness, &reading)
        }
    }

    /// At least a second, five periods of a slow camera; by the slower of what was asked for and what it does.
    private var stallLimit: Duration {
        let asked = asked.rateHertz > 0 ? Duration.seconds(1 / asked.rateHertz) : .zero
        return max(.seconds(1), max(clock.period, asked) * 5)
    }

    private mutating func handle(_ readiness: DeviceReadiness, _ reading: inout SourceReading) throws(CaptureError) {
        if readiness.contains(.gone) { throw .disconnected(path: asked.device) }
        if readiness.contains(.event) {
            let changed = try attempt { () throws(DeviceFailure) in try device.sourceChanged() }
            // An HDMI source with another size: the buffers are of the old one.
            if changed { return try beginAgain(&reading) }
        }
        guard readiness.contains(.error) else { return }
        pollErrors += 1
        system.pause(Self.breath)
        guard pollErrors >= Self.pollErrorLimit else { return }
        pollErrors = 0
        guard try restart(&reading) else {
            throw .requestFailed(path: asked.device, request: "poll", reason: "the driver reports errors without end")
        }
    }

    /// Whatever throws leaves a stream that must be closed.
    private mutating func beginAgain(_ reading: inout SourceReading) throws(CaptureError) {
        reading.restarts += 1
        try attempt { () throws(DeviceFailure) in try device.stop() }
        try begin(reading: &reading)
    }

    /// - Returns: false when it was done often enough.
    private mutating func restart(_ reading: inout SourceReading) throws(CaptureError) -> Bool {
        guard restartsInVain < Self.restartLimit else { return false }
        restartsInVain += 1
        try beginAgain(&reading)
        return true
    }
}

// MARK: - Frames

extension V4L2Stream {
    /// The next frame that is ready and counts.
    private mutating func take(_ reading: inout SourceReading) throws(CaptureError) -> Event? {
        while true {
            // Taken before asking: a frame may arrive while the driver answers that there is none.
            let asked = system.now.instant
            guard let buffer = try dequeue(&reading) else {
                clock.emptyAt = asked
                return nil
            }
            let now = system.now
            (aliveAt, pollErrors) = (now.instant, 0)
            dequeued += 1
            let isWarm = warmupLeft == 0
            warmupLeft -= isWarm ? 0 : 1
            // Also of frames of the warm-up: the clock learns the period of them.
            let times = clock.times(of: buffer, at: now)
            let payload = isWarm ? payload(of: buffer, times: times) : nil
            // Copied by now. Queued as soon as possible, whatever becomes of the frame.
            try attempt { () throws(DeviceFailure) in try device.queue(buffer) }
            guard let payload else { continue }
            reading.missed += times.missed
            guard case .failure(let fault) = payload else {
                (damagedSince, restartsInVain) = (nil, 0)
                return .frame(payload, times)
            }
            reading.damaged += 1
            guard fault.isOfTheCamera else { return .frame(payload, times) }
            // One among good ones is a disturbance; a camera that sends no others needs what a silent one needs.
            let since = damagedSince ?? now.instant
            damagedSince = since
            guard now.instant - since >= stallLimit else { return .frame(payload, times) }
            return .stalled(fault, isHopeless: try !restart(&reading))
        }
    }

    /// Nil while no frame is ready.
    private mutating func dequeue(_ reading: inout SourceReading) throws(CaptureError) -> DeviceBuffer? {
        do {
            return try device.dequeue()
        } catch {
            let failure = CaptureError(error, path: asked.device, system: system)
            // EIO may be a moment's loss of the signal, of which the buffer's number says nothing: the stream begins
            // again. With an error of the whole queue only closing helps.
            guard error.errno == EIO, device.wait(timeout: .zero).isDisjoint(with: [.error, .gone]) else {
                throw failure
            }
            system.pause(Self.breath)
            guard try restart(&reading) else { throw failure }
            return nil
        }
    }

    private func payload(of buffer: DeviceBuffer, times: FrameTimes) -> Result<Picture, FrameFault> {
        // Checked before anything is copied: a bad frame costs nothing.
        if buffer.isFlagged { return .failure(.flagged) }
        let expected = format.expectedBytes
        guard buffer.bytesUsed >= expected else { return .failure(.short(bytes: buffer.bytesUsed, expected: expected)) }
        guard times.age <= clock.staleAge else {
            return .failure(.stale(milliseconds: Int(times.age / .milliseconds(1))))
        }
        let (height, width) = (format.height, format.width)
        switch FrameReading(format.fourCC) {
        case .motionJPEG:
            return .success(
                Picture(
                    .motionJPEG(height: height, width: width), bytes: device.copy(buffer, bytes: buffer.bytesUsed)))
        case .raw(let pixels):
            let row = format.rowBytes(of: pixels)
            return .success(
                Picture(
                    .raw(pixels, height: height, width: width, bytesPerRow: row),
                    bytes: device.copy(buffer, bytes: expected)))
        case .converted, nil:
            guard let bytes = device.convert(buffer, from: format) else {
                return .failure(.unreadable("libv4lconvert cannot convert this frame of \(format.text)"))
            }
            return .success(Picture(.raw(.rgb24, height: height, width: width, bytesPerRow: 3 * width), bytes: bytes))
        }
    }
}
