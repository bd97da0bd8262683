/// Where frames come from. Lives on the capture thread.
public protocol FrameSource {
    /// Waits for the next frame, at most about `timeout`.
    ///
    /// - Throws: ``CaptureError`` while there is no camera. The next call looks for it again.
    mutating func next(timeout: Duration) throws(CaptureError) -> FrameEvent
}

public enum FrameEvent: Sendable {
    case frame(Frame)
    /// Nothing came in time.
    case none
    /// Nothing will come any more.
    case finished
}

/// Why no frame can come. All of these may pass by themselves.
public enum CaptureError: Error, Equatable, Sendable, CustomStringConvertible {
    case folderUnreadable(path: String, reason: String)
    /// A folder to replay that holds no picture.
    case noPictures(path: String)

    public var description: String {
        switch self {
        case .folderUnreadable(let path, let reason):
            "camera: folder \(path): \(reason): make it readable for the user fsacd runs as, or change camera.path"
        case .noPictures(let path):
            "camera: folder \(path) holds no .jpg, .jpeg or .png file: put some there, or change camera.path"
        }
    }
}
