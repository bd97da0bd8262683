import Core
import Synchronization

/// Somebody who wants a camera's next pictures beside the inspection, as normal shots.
///
/// Made on a request's task, fed on the capture thread. Ends once, by pictures, failure or patience; frames that come
/// after that are let go of.
package final class ShotRequest: Sendable {
    /// Frames that were exposed before this are not meant.
    let askedAt = ContinuousClock.now
    /// As they come; ends after the last one, or with a ``TriggerRefusal``. For one reader.
    let pictures: AsyncThrowingStream<Picture, any Error>
    private let continuation: AsyncThrowingStream<Picture, any Error>.Continuation
    private let camera: String
    private let missing: Mutex<Int>

    package init(_ count: Int, camera: String) {
        // Every picture of the request has its place: none is dropped while another is looked at.
        (pictures, continuation) = AsyncThrowingStream.makeStream(bufferingPolicy: .bufferingOldest(count))
        self.camera = camera
        missing = Mutex(count)
    }

    /// Pictures that have not come yet; 0 when no more are wanted.
    var missingCount: Int { missing.withLock { $0 } }

    var isDone: Bool { missingCount == 0 }

    func give(_ picture: Picture) {
        let left = missing.withLock { missing -> Int? in
            guard missing > 0 else { return nil }
            missing -= 1
            return missing
        }
        guard let left else { return }
        continuation.yield(picture)
        if left == 0 { continuation.finish() }
    }

    /// No more will come. After the last one, nothing happens.
    func fail(_ reason: String) {
        missing.withLock { $0 = 0 }
        continuation.finish(throwing: TriggerRefusal.noFrames(camera: camera, reason: reason))
    }
}
