import Logging

/// What the camera does.
public enum CameraState: Sendable, Equatable {
    /// No frame yet.
    case starting
    case delivering
    case lost(reason: String)
    /// The source came to its end.
    case finished
}

/// Carries frames from a source to the queue until it is stopped. The body of the capture thread.
final class CaptureLoop: Sendable {
    private struct State {
        var camera = CameraState.starting
        var frames: UInt64 = 0
        var isStopping = false
    }

    /// How long one wait for a frame may keep a stop waiting.
    private static let patience = Duration.milliseconds(200)
    /// Between attempts to find a lost camera.
    private static let retryPeriods: [Duration] = [.milliseconds(500), .seconds(1), .seconds(2)]

    private let queue: FrameQueue
    private let logger: Logger
    private let state = Monitor(State())

    init(queue: FrameQueue, logger: Logger) {
        self.queue = queue
        self.logger = logger
    }

    var camera: (state: CameraState, frames: UInt64) { state.read { ($0.camera, $0.frames) } }

    func stop() {
        state.withLock { $0.isStopping = true }
    }

    func waitUntilStopped() {
        _ = state.wait { $0.isStopping ? true : nil }
    }

    /// Ends after `stop()`, at the source's end, or when the queue is closed.
    func run(_ source: inout some FrameSource) {
        var failures = 0
        while !state.read(\.isStopping) {
            do throws(CaptureError) {
                switch try source.next(timeout: Self.patience) {
                case .frame(let frame):
                    show(.delivering, frames: 1)
                    guard queue.push(frame) else { return }
                case .none: if failures > 0 { show(.delivering) }
                case .finished: return show(.finished)
                }
                failures = 0
            } catch {
                show(.lost(reason: error.description))
                let period = Self.retryPeriods[min(failures, Self.retryPeriods.count - 1)]
                failures += 1
                _ = state.wait(timeout: period) { $0.isStopping ? true : nil }
            }
        }
    }

    /// Logs changes only.
    private func show(_ camera: CameraState, frames: UInt64 = 0) {
        let old = state.withLock { state in
            defer { state.camera = camera }
            state.frames += frames
            return state.camera
        }
        guard old != camera else { return }
        switch camera {
        case .lost(let reason): logger.error("camera lost", metadata: ["reason": "\(reason)"])
        case .delivering: logger.notice("camera delivers frames")
        case .finished: logger.notice("camera: the source came to its end")
        case .starting: break
        }
    }
}
