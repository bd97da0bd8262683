package import Platform

/// Where frames come from. Lives on the capture thread.
package protocol FrameSource {
    /// Waits for the next frame, at most about `timeout`.
    ///
    /// - Throws: ``CaptureError`` while there is no camera. The next call looks for it again.
    mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent

    /// Closes what is open: the next call of ``next(timeout:)`` opens it again.
    mutating func reopen()

    /// Names who is told when a piece of work ends and the next begins within ``next(timeout:)``.
    mutating func report(to progress: LoopProgress)

    /// What it has to say of itself.
    var reading: SourceReading { get }
}

extension FrameSource {
    /// One piece of work a frame.
    package mutating func report(to progress: LoopProgress) {}

    /// A source that keeps nothing open has nothing to do.
    package mutating func reopen() {}
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
    /// How often the stream was started again.
    package var restarts: UInt64 = 0

    package init(description: String) {
        self.description = description
    }
}

package enum FrameEvent: Sendable {
    case frame(Frame)
    /// Nothing came in time.
    case none
    /// Nothing will come any more.
    case finished
}
