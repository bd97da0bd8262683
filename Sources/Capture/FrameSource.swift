package import Platform

/// Where frames come from.
///
/// A source is made on its capture thread, used there by one caller at a time and let go of there: it needs no lock and
/// is not Sendable. What a conformer promises, for the loop's rules hang on it:
///  - A call comes back after about its timeout, whatever is wrong, for a stop is only heard between two calls. Only a
///    driver that does not answer may hold it longer; that is the watchdog's.
///  - Frames come in the order in which they were taken, each once, numbered from 1 without a gap, also over
///    ``reopen()``.
///  - What came damaged is a frame with a fault, and no error: somebody may wait for it.
///  - `exposedAt` is never later than the exposure's begin.
///  - An error leaves nothing behind that would keep the next call from working. It may come at every call, for days:
///    looking for what is not there costs next to nothing and does not wait; the caller pauses
///    (``CaptureError/retryPeriod(failures:)``).
package protocol FrameSource {
    /// Waits for the next frame, at most about `timeout`. Opens what is closed: there is no other start.
    ///
    /// - Throws: ``CaptureError`` while there is no camera. The next call looks for it again.
    /// - Returns: `finished` at the end of a source that has one; nobody asks again.
    mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent

    /// Closes what is open, between two calls: the next call of ``next(timeout:)`` opens it again. For a camera whose
    /// frames do not decode one after the other, though it says that all is well.
    mutating func reopen()

    /// Frames that nobody will be able to make again, at the end of the source: what else waits comes by the next one.
    mutating func leftovers() -> [Frame]

    /// Names who is told when a piece of work ends and the next begins within ``next(timeout:)``. Called once, before
    /// the first call of that. For a source whose steps are slow one by one: the whole of them would look as if it
    /// hung.
    mutating func report(to progress: LoopProgress)

    /// Frames that are there and were not handed out: of a folder's pictures that are complete.
    var backlog: FrameBacklog { get }

    /// What it has to say of itself, up to the latest call of ``next(timeout:)``. Copied after each: it costs nothing.
    var reading: SourceReading { get }
}

extension FrameSource {
    /// One piece of work a frame.
    package mutating func report(to progress: LoopProgress) {}

    /// A camera's next frames are other ones.
    package mutating func leftovers() -> [Frame] { [] }

    /// A camera's frame is handed out at once.
    package var backlog: FrameBacklog { FrameBacklog() }

    /// A source that keeps nothing open has nothing to do.
    package mutating func reopen() {}
}

/// Frames of a source that wait for their verdicts. Asked by any thread.
package struct FrameBacklog: Sendable {
    /// That were not handed out yet.
    package var count: @Sendable () -> Int = { 0 }
    /// Has those without a verdict that were complete before `end` judged by a recipe also when the source is made anew, and by
    /// another run: on the disk when it returns.
    package var keep: @Sendable (_ recipe: String, _ end: ContinuousClock.Instant) throws(DiskError) -> Void = { _, _ in
    }

    package init() {}

    package init(
        count: @escaping @Sendable () -> Int,
        keep: @escaping @Sendable (_ recipe: String, _ end: ContinuousClock.Instant) throws(DiskError) -> Void
    ) {
        self.count = count
        self.keep = keep
    }
}

/// A source as people see it.
package struct SourceReading: Sendable, Equatable {
    /// Kind and place, and what was agreed on: `folder /srv/frames`, `v4l2 /dev/v4l/by-path/... MJPG 1920 x 1080, 30 Hz`.
    package var description: String
    /// What was asked for and not given, a sentence each.
    package var differences: [String] = []
    /// Frames that the driver lost, by their sequence numbers.
    package var missed: UInt64 = 0
    /// Frames that came damaged, short or stale, whether or not anybody waited for them.
    package var damaged: UInt64 = 0
    /// Of a watched folder: files that are no pictures.
    package var skipped = SkippedFiles()
    /// Of a watched folder: pictures whose bytes were gone before they were read; each is a part without a picture.
    package var overwritten: UInt64 = 0
    /// Of a watched folder: how often the system could not keep all announcements. A name that was used twice meanwhile may
    /// have lost a part.
    package var overflows: UInt64 = 0
    /// Of a watched folder, what is in it now that no part is made of: files by their ending, `/` for folders.
    package var notRead: [String: Int] = [:]
    /// How often the stream was started again.
    package var restarts: UInt64 = 0

    package init(description: String) {
        self.description = description
    }
}

/// Files that no part was made of, because they are no pictures that fsac reads.
package struct SkippedFiles: Sendable, Equatable {
    package var count: UInt64 = 0
    /// Since the last picture.
    package var inARow: UInt64 = 0
    /// Name of the newest.
    package var latest = ""

    package init() {}
}

package enum FrameEvent: Sendable {
    case frame(Frame)
    /// Nothing came in time.
    case none
    /// Nothing will come any more.
    case finished
}
