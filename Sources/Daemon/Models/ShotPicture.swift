public import Core

/// Why a picture cannot be a normal shot; nothing has been stored then.
public enum ShotRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(ImageError)
    case tooSmall(height: Int, width: Int, smallestSide: Int)

    public var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .tooSmall(let height, let width, let side):
            "picture: \(width) x \(height) pixels: expected at least \(side) x \(side)"
        }
    }
}

/// A picture that has been checked and can be a normal shot.
public struct ShotPicture: Sendable {
    /// Smallest side that can show a part, in pixels.
    public static let smallestSide = 32

    public let image: Image
    /// What the bytes are stored under: `jpg` or `png`.
    public let fileExtension: String

    /// Decodes and checks a picture as it came.
    public init(checking bytes: [UInt8]) throws(ShotRefusal) {
        do {
            image = try Image(decoding: bytes)
        } catch {
            throw .unreadable(error)
        }
        guard let format = ImageFormat(sniffing: bytes) else {
            preconditionFailure("a picture that decodes has a format")
        }
        fileExtension = format.fileExtension
        let side = Self.smallestSide
        guard min(image.height, image.width) >= side else {
            throw .tooSmall(height: image.height, width: image.width, smallestSide: side)
        }
    }
}
