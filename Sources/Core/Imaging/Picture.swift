/// A picture as it came, before it is decoded.
package struct Picture: Sendable, Equatable {
    package enum Encoding: Sendable, Equatable {
        /// A JPEG or PNG file, told apart by its first bytes.
        case file
        /// One frame of a camera's Motion JPEG: a baseline JPEG of exactly this size, with or without Huffman tables.
        case motionJPEG(height: Int, width: Int)
        /// Uncompressed. Rows of the first plane are `bytesPerRow` apart; those of NV12's second plane, too.
        case raw(PixelFormat, height: Int, width: Int, bytesPerRow: Int)
    }

    package let encoding: Encoding
    package let bytes: [UInt8]

    package init(_ encoding: Encoding, bytes: [UInt8]) {
        self.encoding = encoding
        self.bytes = bytes
    }
}

/// A rectangle of whole pixels inside a picture.
package struct PixelRectangle: Sendable, Codable, Equatable {
    /// Left edge.
    package var x: Int
    /// Top edge.
    package var y: Int
    package var width: Int
    package var height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}
