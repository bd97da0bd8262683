import CKernels

/// A picture's file whose header has been read.
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
        case .bmp:
            (height, width) = try BMP.size(of: bytes)
            orientation = .upright
        case .tiff:
            (height, width) = try TIFF.size(of: bytes)
            orientation = Orientation(inTIFF: bytes[...]) ?? .upright
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
        case .bmp:
            let decoded = try BMP.decode(bytes)
            try checkTail(bytes[decoded.consumed...])
            return cut(decoded.pixels, window)
        // Its sections may lie in any order: none is known to be the last.
        case .tiff: return cut(try TIFF.decode(bytes, height: height, width: width), window)
        }
    }

    /// What is wanted of a picture that was decoded as a whole.
    private func cut(_ pixels: [UInt8], _ window: PictureWindow) -> Image {
        let image =
            window.isWhole(height: height, width: width)
            ? Image(height: height, width: width, pixels: pixels)
            : RawPicture.reduce(
                pixels, FSAC_RGB24, height: height, width: width, bytesPerRow: width * 3, window: window)
        return image.upright(from: orientation)
    }

    private func checkTail(_ tail: ArraySlice<UInt8>) throws(ImageError) {
        let rest = tail.drop { $0 == 0 }
        guard rest.isEmpty || (format == .jpeg && rest.starts(with: [0xFF, 0xD8, 0xFF])) else {
            throw .trailingBytes(format, count: tail.count)
        }
    }
}
