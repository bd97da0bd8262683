/// A decoded picture: 8-bit RGB, row-major `[height, width, 3]`.
package struct Image: Sendable, Equatable {
    package let height: Int
    package let width: Int
    /// `height * width * 3` bytes, red first.
    package var pixels: [UInt8]

    package init(height: Int, width: Int, pixels: [UInt8]) {
        precondition(
            height > 0 && width > 0 && pixels.count == height * width * 3,
            "image: \(pixels.count) bytes for [\(height), \(width), 3]")
        self.height = height
        self.width = width
        self.pixels = pixels
    }
}
