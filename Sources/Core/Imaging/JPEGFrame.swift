import CJPEG

/// One frame of Motion JPEG whose markers have been read: structure and size are right, its coded data is not yet known
/// to be.
struct JPEGFrame {
    private let bytes: [UInt8]
    private let height: Int
    private let width: Int
    /// Up to and with the end marker; a driver may pad.
    private let count: Int
    private let hasAllTables: Bool

    /// - Throws: `frameDamaged`, `frameUnsupported`, `frameSize`.
    init(reading bytes: [UInt8], height: Int, width: Int) throws(ImageError) {
        var frame = fsac_jpeg_frame()
        var message = [CChar](repeating: 0, count: Int(FSAC_JPEG_MESSAGE))
        try Self.check(fsac_jpeg_read_frame(bytes, bytes.count, &frame, &message), message)
        guard frame.height == height, frame.width == width else {
            throw .frameSize(
                expectedHeight: height, expectedWidth: width, actualHeight: Int(frame.height),
                actualWidth: Int(frame.width))
        }
        self.bytes = bytes
        self.height = height
        self.width = width
        count = frame.size
        hasAllTables = frame.has_all_tables != 0
    }

    func image(of window: PictureWindow) throws(ImageError) -> Image {
        var status: Int32 = 0
        var message = [CChar](repeating: 0, count: Int(FSAC_JPEG_MESSAGE))
        let size = window.rows.count * window.columns.count * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { pixels, written in
            status = fsac_jpeg_decode_frame(
                bytes, count, Int32(height), Int32(width), fsac_jpeg_window(window),
                ImageLimits.standard.maxDecoderBytes,
                pixels.baseAddress, &message)
            written = status == 0 ? size : 0
        }
        try Self.check(status, message)
        return Image(height: window.rows.count, width: window.columns.count, pixels: pixels)
    }

    /// A complete JPEG file.
    var file: [UInt8] {
        if hasAllTables { return Array(bytes.prefix(count)) }
        let tables = withUnsafeBytes(of: fsac_jpeg_standard_tables) { [UInt8]($0) }
        // Behind the first marker: tables that the frame defines itself come later and count.
        return bytes[..<2] + tables + bytes[2..<count]
    }

    private static func check(_ status: Int32, _ message: [CChar]) throws(ImageError) {
        guard status != 0 else { return }
        let text = String(decoderMessage: message)
        throw UInt32(bitPattern: status) == FSAC_JPEG_UNSUPPORTED.rawValue
            ? .frameUnsupported(what: text) : .frameDamaged(reason: text)
    }
}

extension fsac_jpeg_window {
    init(_ window: PictureWindow) {
        self.init(
            factor: Int32(window.factor), first_row: Int32(window.rows.lowerBound), rows: Int32(window.rows.count),
            first_column: Int32(window.columns.lowerBound), columns: Int32(window.columns.count))
    }
}
