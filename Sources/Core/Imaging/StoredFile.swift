/// A JPEG or PNG file whose header has been read.
struct StoredFile {
    private let bytes: [UInt8]
    private let limits: ImageLimits
    private let format: ImageFormat
    private let height: Int
    private let width: Int
    private let orientation: Orientation

    init(reading bytes: [UInt8], limits: ImageLimits) throws(ImageError) {
        try limits.checkBytes(bytes.count)
        guard let format = ImageFormat(sniffing: bytes) else { throw .notAnImage(firstBytes: Array(bytes.prefix(8))) }
        switch format {
        case .jpeg:
            (height, width) = try JPEG.size(of: bytes)
            orientation = JPEG.orientation(of: bytes)
        case .png:
            (height, width) = try PNG.size(of: bytes)
            orientation = PNG.orientation(of: bytes)
        }
        try limits.checkSize(height: height, width: width)
        self.bytes = bytes
        self.limits = limits
        self.format = format
    }

    var uprightSize: (height: Int, width: Int) {
        orientation.swapsSides ? (width, height) : (height, width)
    }

    /// As `Picture.image(of:atLeast:)`.
    func image(of roi: PixelRectangle?, atLeast side: Int?) throws(ImageError) -> Image {
        let upright = try Picture.checked(roi, in: uprightSize)
        let stored = orientation.stored(upright, storedHeight: height, storedWidth: width)
        let window = PictureWindow(of: stored, height: height, width: width, atLeast: side)
        switch format {
        case .jpeg:
            let decoded = try JPEG.decode(bytes, height: height, width: width, window: window, limits: limits)
            try checkTail(bytes[decoded.consumed...])
            return decoded.image.upright(from: orientation)
        case .png:
            let decoded = try PNG.decode(bytes, window: window)
            try checkTail(bytes[decoded.consumed...])
            return decoded.image.upright(from: orientation)
        }
    }

    private func checkTail(_ tail: ArraySlice<UInt8>) throws(ImageError) {
        let rest = tail.drop { $0 == 0 }
        guard rest.isEmpty || (format == .jpeg && rest.starts(with: [0xFF, 0xD8, 0xFF])) else {
            throw .trailingBytes(format, count: tail.count)
        }
    }
}
