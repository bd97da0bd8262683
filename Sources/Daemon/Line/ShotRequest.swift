import Core
import Synchronization

/// Somebody who wants a camera's next pictures beside the inspection, as normal shots.
///
/// Made on a request's task, fed on the capture thread. Ends once, by pictures, failure or patience; frames that come
/// after that are let go of.
package final class ShotRequest: Sendable {
    private struct State {
        var pictures: [Picture] = []
        var outcome: Result<[Picture], TriggerRefusal>?
        var continuation: CheckedContinuation<Result<[Picture], TriggerRefusal>, Never>?
    }

    /// Frames that were exposed before this are not meant.
    let askedAt = ContinuousClock.now
    private let count: Int
    private let camera: String
    private let state = Mutex(State())

    package init(_ count: Int, camera: String) {
        self.count = count
        self.camera = camera
    }

    /// Waits for them. Called once.
    func pictures() async throws(TriggerRefusal) -> [Picture] {
        let outcome = await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.outcome == nil { state.continuation = continuation }
                return state.outcome
            }
            if let known { continuation.resume(returning: known) }
        }
        return try outcome.get()
    }

    var isDone: Bool { state.withLock { $0.outcome != nil } }

    func give(_ picture: Picture) {
        let pictures = state.withLock { state in
            state.pictures.append(picture)
            return state.pictures
        }
        if pictures.count == count { finish(.success(pictures)) }
    }

    func fail(_ reason: String) { finish(.failure(.noFrames(camera: camera, reason: reason))) }

    /// The first outcome stands.
    private func finish(_ outcome: Result<[Picture], TriggerRefusal>) {
        let continuation = state.withLock { state in
            defer { state.continuation = nil }
            guard state.outcome == nil else { return state.continuation }
            state.outcome = outcome
            return state.continuation
        }
        continuation?.resume(returning: outcome)
    }
}
