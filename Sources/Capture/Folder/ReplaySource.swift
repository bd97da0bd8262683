import Core
import Platform

/// Plays the pictures of a folder in the order of their names at a fixed rate, as a free-running camera.
///
/// The folder is looked at again at each turn, so pictures can be added and removed while it runs.
package struct ReplaySource: FrameSource {
    private let folder: PictureFolder
    private let period: Duration
    private let repeats: Bool
    /// Left of this turn.
    private var names: ArraySlice<FileName> = []
    private var turns = 0
    private var number: UInt64 = 0
    package private(set) var reading: SourceReading
    /// Of the next frame.
    private var due = ContinuousClock.now

    package init(path: String, rateHertz: Double, repeats: Bool, isRecursive: Bool = false) {
        folder = PictureFolder(path: path, isRecursive: isRecursive)
        reading = SourceReading(description: "folder \(path)")
        period = .seconds(1 / rateHertz)
        self.repeats = repeats
    }

    package mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent {
        if names.isEmpty {
            guard turns == 0 || repeats else { return .finished }
            let listing = try folder.list()
            // One that has the name of a picture and is none is told of.
            names = (listing.pictures + listing.others.filter(PictureFolder.isPicture)).sorted()[...]
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
        let frame = frame(names.removeFirst())
        if case .failure = frame.payload { reading.damaged += 1 }
        return .frame(frame)
    }

    /// A file as a frame, read whole; one that cannot be read becomes a frame that says why, so that its part gets a
    /// verdict.
    private func frame(_ name: FileName) -> Frame {
        let payload: Result<Picture, FrameFault>
        do throws(RegularFile.Refusal) {
            let file = try folder.open(name)
            do throws(ImageError) {
                payload = .success(Picture(.file, bytes: try ImageFile.bytes(of: file)))
            } catch {
                payload = .failure(.unreadable(error.description))
            }
        } catch {
            payload = .failure(.unreadable(ImageError(error, path: folder.shownPath(name)).description))
        }
        return Frame(name: name.text, number: number, payload: payload)
    }
}
