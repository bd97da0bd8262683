package import Core

/// Why a picture cannot be a normal shot; nothing has been stored then.
package enum ShotRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(ImageError)
    case tooSmall(height: Int, width: Int, smallestSide: Int)
    /// The recipe looks at a region of the frame that this picture does not have.
    case outsideOfROI(height: Int, width: Int, roi: PixelRectangle)

    package var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .tooSmall(let height, let width, let side):
            "picture: \(width) x \(height) pixels: expected at least \(side) x \(side)"
        case .outsideOfROI(let height, let width, let roi):
            "picture: \(width) x \(height) pixels: the recipe's roi goes to \(roi.x + roi.width) x "
                + "\(roi.y + roi.height): use a whole frame of the camera"
        }
    }
}

/// A picture that has been checked and can be a normal shot. Decoding and checking takes milliseconds and happens
/// before anything is stored: a shot that no fit could read would stop all fits to come.
package struct ShotPicture: Sendable {
    /// Smallest side that can show a part, in pixels.
    package static let smallestSide = 32

    package let likeness: PictureLikeness
    /// What the bytes are stored under: `jpg` or `png`.
    package let fileExtension: String

    /// Decodes and checks a picture as it came.
    ///
    /// - Parameter roi: what the recipe looks at; nil = the whole frame.
    package init(checking bytes: [UInt8], roi: PixelRectangle? = nil) throws(ShotRefusal) {
        let picture = Picture(.file, bytes: bytes)
        let height: Int
        let width: Int
        do {
            (height, width) = try picture.size()
            likeness = try PictureLikeness(of: picture)
        } catch {
            throw .unreadable(error)
        }
        guard let format = ImageFormat(sniffing: bytes) else {
            preconditionFailure("a picture that decodes has a format")
        }
        fileExtension = format.fileExtension
        let side = Self.smallestSide
        guard min(height, width) >= side else {
            throw .tooSmall(height: height, width: width, smallestSide: side)
        }
        if let roi, roi.x + roi.width > width || roi.y + roi.height > height {
            throw .outsideOfROI(height: height, width: width, roi: roi)
        }
    }
}
