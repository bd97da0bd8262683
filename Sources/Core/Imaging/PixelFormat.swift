/// How a camera lays out uncompressed pixels; the raw value is V4L2's four-character code.
package enum PixelFormat: String, Sendable, Codable, CaseIterable {
    /// Two pixels in four bytes: Y, U, Y, V.
    case yuyv = "YUYV"
    /// Two pixels in four bytes: U, Y, V, Y.
    case uyvy = "UYVY"
    /// A plane of Y, then a plane of half the rows with U and V in turn, one pair for 2 x 2 pixels.
    case nv12 = "NV12"
    /// One byte a pixel.
    case grey = "GREY"
    /// Red, green, blue.
    case rgb24 = "RGB3"
    /// Blue, green, red.
    case bgr24 = "BGR3"

    /// Bytes that the pixels of a row take in the first plane, without padding.
    package func rowBytes(width: Int) -> Int {
        switch self {
        case .yuyv, .uyvy: (width + 1) / 2 * 4
        case .nv12, .grey: width
        case .rgb24, .bgr24: 3 * width
        }
    }

    /// Bytes of a whole picture whose rows are `bytesPerRow` apart.
    package func pictureBytes(height: Int, bytesPerRow: Int) -> Int {
        self == .nv12 ? bytesPerRow * (height + (height + 1) / 2) : bytesPerRow * height
    }
}
