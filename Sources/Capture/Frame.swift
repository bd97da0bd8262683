package import ControlProtocol
package import Core
package import Platform

/// What one look of the camera gave: the picture as it came, or why there is none.
///
/// Immutable, and its bytes are its own: it may wait in a queue for as long as it likes while the driver's buffer is
/// filled again.
package struct Frame: Sendable {
    /// The source's own name of it: the file's name, or the number that the driver gave.
    package let name: String
    /// Counted by the source from 1.
    package let number: UInt64
    package let payload: Result<Picture, FrameFault>
    /// When the picture was complete.
    package let capturedAt: ContinuousClock.Instant
    /// The earliest moment at which the exposure can have begun: a trigger before it is shown by this frame.
    /// Too early costs a trigger a frame; too late gives it a picture of the part before.
    package let exposedAt: ContinuousClock.Instant
    /// `capturedAt` by the wall clock. Printed, never calculated with.
    package let capturedTime: WallTime
    /// Of a watched folder: the file that has its verdict with this frame's.
    package let file: (any JudgedFile)?

    /// - Parameter exposedAt: nil = `capturedAt`.
    package init(
        name: String, number: UInt64, payload: Result<Picture, FrameFault>,
        capturedAt: ContinuousClock.Instant = .now, exposedAt: ContinuousClock.Instant? = nil,
        capturedTime: WallTime = .now, file: (any JudgedFile)? = nil
    ) {
        self.name = name
        self.number = number
        self.payload = payload
        self.capturedAt = capturedAt
        self.exposedAt = exposedAt ?? capturedAt
        self.capturedTime = capturedTime
        self.file = file
    }
}

/// The file that a frame was made of, which has its verdict with the frame's.
package protocol JudgedFile: Sendable {
    /// Of its bytes, in hexadecimal digits; nil when they could not be read.
    var digest: String? { get }

    /// By which recipe it is judged.
    var recipe: RecipeOfTheTime { get }

    /// - Parameter isStored: whether the verdict's line is with the disk.
    func hasVerdict(_ verdict: Verdict, sequence: UInt64, isStored: Bool)
}

/// The recipe by which a file is judged that waited when another one came into use.
package enum RecipeOfTheTime: Sendable, Equatable {
    /// That was in use when the frame was complete.
    case inUse
    /// It was complete in an earlier run, and this one was in use then.
    case named(String)
    /// It may have been complete in an earlier run, and what was written down of that cannot be read.
    case lost(reason: String)
}

/// Why a frame came without a picture that can be believed.
///
/// The frame still counts as one: whoever waits for it is told why there is no verdict on it.
package enum FrameFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file that cannot be read; the system's reason.
    case unreadable(String)
    /// A picture came in a folder, and its bytes were gone before they were read; how.
    case missed(String)
    /// The driver said that the data may be damaged (`V4L2_BUF_FLAG_ERROR`).
    case flagged
    /// Fewer bytes than the format needs.
    case short(bytes: Int, expected: Int)
    /// It was exposed too long ago to show what is there now.
    case stale(milliseconds: Int)

    /// Not of the computer, which was too slow: starting the stream again would not help it.
    var isOfTheCamera: Bool {
        if case .stale = self { false } else { true }
    }

    package var description: String {
        switch self {
        case .unreadable(let reason), .missed(let reason): reason
        case .flagged: "the driver flagged the frame as damaged"
        case .short(let bytes, let expected): "expected \(expected) bytes, got \(bytes)"
        case .stale(let milliseconds): "the frame is \(milliseconds) ms old"
        }
    }
}
