import Glibc
import Platform

/// Plays the pictures of a folder in the order of their names at a fixed rate, as a free-running camera.
///
/// The folder is looked at again at each turn, so pictures can be added and removed while it runs.
package struct ReplaySource: FrameSource {
    private let folder: PictureFolder
    private let period: Duration
    private let repeats: Bool
    /// Left of this turn.
    private var names: ArraySlice<String> = []
    private var turns = 0
    private var number: UInt64 = 0
    package private(set) var reading: SourceReading
    /// Of the next frame.
    private var due = ContinuousClock.now

    package init(path: String, rateHertz: Double, repeats: Bool) {
        folder = PictureFolder(path: path)
        reading = SourceReading(description: "folder \(path)")
        period = .seconds(1 / rateHertz)
        self.repeats = repeats
    }

    package mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent {
        if names.isEmpty {
            guard turns == 0 || repeats else { return .finished }
            names = try folder.names().pictures[...]
            // Not the end: pictures can be put there while the daemon runs.
            guard !names.isEmpty else { throw .noPictures(path: folder.path) }
            turns += 1
        }
        let now = ContinuousClock.now
        guard due - now <= timeout else {
            MonotonicTime.sleep(timeout)
            return .none
        }
        // A signal only makes this frame early.
        MonotonicTime.sleep(due - now)
        // After a stall it goes on from now: a camera does not catch up either.
        due = max(due + period, now)
        number += 1
        let frame = folder.frame(names.removeFirst(), number: number)
        if case .failure = frame.payload { reading.damaged += 1 }
        return .frame(frame)
    }
}
