import Platform

/// Why there is no picture.
package enum ImageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes are of no format that is read; `firstBytes` are up to 8 of them.
    case notAnImage(firstBytes: [UInt8])
    /// A format that the program knows, in a variety that it refuses (CMYK).
    case unsupported(ImageFormat, what: String)
    /// Damaged or cut short. `reason` is the decoder's own message; its warnings count.
    case damaged(ImageFormat, reason: String)
    /// A whole picture, followed by bytes that do not belong to it.
    case trailingBytes(ImageFormat, count: Int)
    /// Decoding takes more work or memory than the limits allow.
    case tooCostly(ImageFormat, reason: String)
    case tooManyBytes(Int, limit: Int)
    case tooManyPixels(height: Int, width: Int, limit: Int)
    case sideOutOfRange(height: Int, width: Int, allowed: ClosedRange<Int>)
    /// The asked rectangle is empty or not inside of the picture.
    case regionOutside(PixelRectangle, height: Int, width: Int)
    /// A camera's frame is damaged or cut short. `reason` is the decoder's own message; its warnings count.
    case frameDamaged(reason: String)
    /// A camera's frame is a JPEG of a kind that cameras do not send.
    case frameUnsupported(what: String)
    /// A camera's frame has another size than the camera declared.
    case frameSize(expectedHeight: Int, expectedWidth: Int, actualHeight: Int, actualWidth: Int)
    /// A camera's uncompressed frame has too few bytes.
    case frameCutShort(PixelFormat, expectedBytes: Int, actualBytes: Int)
    /// A camera declares rows that are too short for its frame's width.
    case frameRows(PixelFormat, width: Int, expectedBytes: Int, actualBytes: Int)
    case fileMissing(path: String)
    /// A directory, a pipe, a device, a socket.
    case notARegularFile(path: String, kind: String)
    /// `reason` is the system's message.
    case unreadable(path: String, reason: String)
    /// The file changed its size while it was read.
    case fileChanged(path: String, expectedBytes: Int, actualBytes: Int)

    package var description: String {
        switch self {
        case .notAnImage(let firstBytes) where firstBytes.isEmpty:
            "image: expected JPEG, PNG, BMP or TIFF, got no bytes at all"
        case .notAnImage(let firstBytes):
            "image: expected JPEG, PNG, BMP or TIFF, got \(Self.name(of: firstBytes)); save it as one of those"
        case .unsupported(let format, let what):
            "image: \(format): expected grey or RGB colour, got \(what); convert the picture to RGB"
        case .damaged(let format, let reason):
            "image: \(format): damaged or cut short (\(reason)); send the complete file"
        case .trailingBytes(let format, let count):
            "image: \(format): \(count) unexpected bytes after the end of the picture; save it again"
        case .tooCostly(let format, let reason):
            "image: \(format): too costly to decode (\(reason)); save it again as a plain file"
        case .tooManyBytes(let count, let limit):
            "image: expected at most \(limit) bytes, got \(count); use a smaller picture"
        case .tooManyPixels(let height, let width, let limit):
            "image: expected at most \(limit) pixels, got \(height) x \(width) (height x width); use a smaller picture"
        case .sideOutOfRange(let height, let width, let allowed):
            "image: expected sides from \(allowed.lowerBound) to \(allowed.upperBound) pixels, "
                + "got \(height) x \(width) (height x width)"
        case .regionOutside(let region, let height, let width):
            "image: expected a region of interest inside of \(width) x \(height) pixels, got \(region.width) x "
                + "\(region.height) at (\(region.x), \(region.y)); change roi of the recipe, or the camera's format"
        case .frameDamaged(let reason):
            "image: frame of the camera: damaged or cut short (\(reason)); check the camera's cable, hub and bandwidth"
        case .frameUnsupported(let what):
            "image: frame of the camera: expected baseline JPEG, grey or colour, got \(what); choose another format"
        case .frameSize(let expectedHeight, let expectedWidth, let actualHeight, let actualWidth):
            "image: frame of the camera: expected \(expectedWidth) x \(expectedHeight) pixels, got \(actualWidth) x "
                + "\(actualHeight); reconnect the camera"
        case .frameCutShort(let format, let expectedBytes, let actualBytes):
            "image: frame of the camera: \(format.rawValue): expected \(expectedBytes) bytes, got \(actualBytes); "
                + "check the camera's cable, hub and bandwidth"
        case .frameRows(let format, let width, let expectedBytes, let actualBytes):
            "image: frame of the camera: \(format.rawValue): expected rows of at least \(expectedBytes) bytes for "
                + "\(width) pixels, got \(actualBytes); choose another format"
        case .fileMissing(let path):
            "image: \(path): no such file"
        case .notARegularFile(let path, let kind):
            "image: \(path): expected a regular file, got a \(kind)"
        case .unreadable(let path, let reason):
            "image: \(path): cannot be read: \(reason)"
        case .fileChanged(let path, let expectedBytes, let actualBytes):
            "image: \(path): changed while it was read: expected \(expectedBytes) bytes, got \(actualBytes); try again"
        }
    }
}

extension ImageError {
    /// What a file is that is no picture of ours.
    private static func name(of bytes: [UInt8]) -> String {
        let known: [(start: [UInt8], name: String)] = [
            (Array("GIF8".utf8), "a GIF"), (Array("RIFF".utf8), "a WebP or another RIFF file"),
            (Array("%PDF".utf8), "a PDF"), ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50], "a JPEG 2000"),
            ([0x50, 0x4B, 0x03, 0x04], "a ZIP archive"), (Array("<".utf8), "a text"),
        ]
        if let kind = known.first(where: { bytes.starts(with: $0.start) }) { return kind.name }
        return "something that starts with \(hexadecimal(bytes, separator: " "))"
    }
}

extension String {
    /// The text of a C shim's message buffer, up to its zero.
    init(decoderMessage buffer: [CChar]) {
        self.init(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
