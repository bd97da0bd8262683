package import Platform
package import Settings

/// A V4L2 camera, found again whenever it comes back. Lives on the capture thread.
///
/// Nothing in here waits longer than about the timeout it is given, except requests that the driver itself does not
/// answer. Frames are copied out of the driver's buffers once.
package struct V4L2Camera: FrameSource {
    private enum State {
        case closed
        /// Owns the open device: whoever takes the stream out of here puts it back or closes it.
        case streaming(V4L2Stream)
    }

    /// As configured; what is given may differ, see ``SourceReading/differences``.
    private let asked: Configuration.Camera
    private let system: any CameraSystem
    private var state = State.closed
    /// Since frames stayed away or were damaged without an error, until a sound one is handed out again.
    private var stall: CaptureError?
    private var progress: LoopProgress?
    /// Over all streams: the driver's own numbers begin again with each.
    private var number: UInt64 = 0
    package private(set) var reading: SourceReading

    package init(_ camera: Configuration.Camera) {
        self.init(camera, system: V4L2System())
    }

    package init(_ camera: Configuration.Camera, system: any CameraSystem) {
        asked = camera
        self.system = system
        reading = SourceReading(description: "v4l2 \(camera.device)")
    }

    /// - Throws: ``CaptureError`` while there is no camera; the device is closed then, except for `stalled`, which says
    ///   that no frame came although the stream was started again.
    package mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent {
        var stream = try openStream()
        let event: V4L2Stream.Event
        do {
            event = try stream.next(timeout: timeout, reading: &reading)
        } catch {
            stream.close()
            throw error
        }
        switch event {
        case .frame(let payload, let times):
            state = .streaming(stream)
            if case .success = payload { stall = nil }
            number += 1
            let age = Int64(times.age / .microseconds(1))
            return .frame(
                Frame(
                    name: "\(times.sequence)", number: number, payload: payload, capturedAt: times.capturedAt,
                    exposedAt: times.exposedAt,
                    // The wall clock now, less the frame's age by the other one.
                    capturedTime: WallTime(microsecondsSince1970: WallTime.now.microsecondsSince1970 - age)))
        case .none:
            state = .streaming(stream)
            // Silence after a stall is no health: the camera stays stalled until a sound frame comes.
            if let stall { throw stall }
            return .none
        case .stalled(let fault, let isHopeless):
            let error = CaptureError.stalled(path: asked.device, fault: fault)
            stall = error
            // What starting the stream again does not mend, opening the device anew may.
            if isHopeless { stream.close() } else { state = .streaming(stream) }
            throw error
        }
    }

    package mutating func report(to progress: LoopProgress) { self.progress = progress }

    package mutating func reopen() {
        guard case .streaming(let stream) = state else { return }
        stream.close()
        state = .closed
        reading.restarts += 1
    }

    /// Takes the stream out of the state: whatever throws leaves the camera closed.
    private mutating func openStream() throws(CaptureError) -> V4L2Stream {
        if case .streaming(let stream) = state {
            state = .closed
            return stream
        }
        let device = try openDevice()
        var stream = V4L2Stream(device: device, asked: asked, system: system, progress: progress)
        do {
            try stream.begin(reading: &reading)
        } catch {
            stream.close()
            throw error
        }
        return stream
    }

    private func openDevice() throws(CaptureError) -> any CaptureDevice {
        let path = asked.device
        // One look at the file system: an absent camera must cost nothing.
        guard let isLink = system.isLink(path) else { throw .deviceMissing(path: path) }
        guard isLink || !asked.card.isEmpty || !asked.bus.isEmpty else { throw .bareNode(path: path) }
        let device: any CaptureDevice
        do {
            // Opening is not streaming: another camera in its place is looked at and left alone.
            device = try system.open(path)
        } catch {
            throw CaptureError(error, path: path, system: system)
        }
        do {
            try check(device.identity)
        } catch {
            device.close()
            throw error
        }
        return device
    }

    private func check(_ identity: DeviceIdentity) throws(CaptureError) {
        guard identity.kind == .capture else { throw .notACamera(path: asked.device, kind: identity.kind.rawValue) }
        for (key, expected, got) in [("card", asked.card, identity.card), ("bus", asked.bus, identity.bus)]
        where !expected.isEmpty && expected != got {
            throw .wrongCamera(path: asked.device, key: key, expected: expected, got: got)
        }
    }
}

extension Configuration.Camera {
    /// The camera at a path, with the defaults of everything.
    package init(device: String) {
        self.init()
        source = .v4l2
        self.device = device
    }
}
