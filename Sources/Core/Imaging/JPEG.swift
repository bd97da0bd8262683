import CJPEG
import Glibc

/// JPEG files.
enum JPEG {
    /// - Parameters:
    ///   - height: as ``size(of:)`` gives it; `width`, too.
    /// - Returns: the window of the picture as it is stored, and how many bytes the picture took up to its end marker.
    static func decode(
        _ bytes: [UInt8], height: Int, width: Int, window: PictureWindow, limits: ImageLimits
    ) throws(ImageError) -> (image: Image, consumed: Int) {
        var consumed = 0
        var status: Int32 = 0
        var message = [CChar](repeating: 0, count: Int(FSAC_JPEG_MESSAGE))
        let size = window.rows.count * window.columns.count * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { pixels, count in
            status = fsac_jpeg_decode_rgb(
                bytes, bytes.count, Int32(height), Int32(width), fsac_jpeg_window(window),
                Int32(limits.scans(height: height, width: width)), limits.maxDecoderBytes, pixels.baseAddress,
                &consumed, &message)
            count = status == 0 ? size : 0
        }
        try check(status, message)
        return (Image(height: window.rows.count, width: window.columns.count, pixels: pixels), consumed)
    }

    /// As it is stored, from the header alone.
    static func size(of bytes: [UInt8]) throws(ImageError) -> (height: Int, width: Int) {
        var height: Int32 = 0
        var width: Int32 = 0
        var message = [CChar](repeating: 0, count: Int(FSAC_JPEG_MESSAGE))
        try check(fsac_jpeg_header(bytes, bytes.count, &height, &width, &message), message)
        return (Int(height), Int(width))
    }

    private static func check(_ status: Int32, _ message: [CChar]) throws(ImageError) {
        let text = String(decoderMessage: message)
        switch UInt32(bitPattern: status) {
        case FSAC_JPEG_OK.rawValue: return
        case FSAC_JPEG_UNSUPPORTED.rawValue: throw .unsupported(.jpeg, what: text)
        case FSAC_JPEG_SCANS.rawValue, FSAC_JPEG_MEMORY.rawValue: throw .tooCostly(.jpeg, reason: text)
        default: throw .damaged(.jpeg, reason: text)
        }
    }

    static func encode(_ image: Image, qualityPercent: Int, fullChroma: Bool) -> [UInt8] {
        precondition(1...100 ~= qualityPercent, "jpeg quality: \(qualityPercent) percent")
        var file: UnsafeMutablePointer<UInt8>?
        var size = 0
        var message = [CChar](repeating: 0, count: Int(FSAC_JPEG_MESSAGE))
        let status = fsac_jpeg_encode_rgb(
            image.pixels, Int32(image.height), Int32(image.width), Int32(qualityPercent), fullChroma ? 1 : 0, &file,
            &size,
            &message)
        precondition(status == 0, "jpeg encoder: \(String(decoderMessage: message))")
        defer { free(file) }
        return Array(UnsafeBufferPointer(start: file, count: size))
    }

    /// The orientation in the first Exif segment; `.upright` if there is none or it cannot be read.
    static func orientation(of bytes: [UInt8]) -> Orientation {
        var reader = ByteCursor(bytes[...], order: .big)
        reader.skip(2)
        // Segments up to the first scan: marker, length with its own two bytes, payload.
        while let marker = reader.integer(UInt16.self), marker >= 0xFFC0, marker != 0xFFDA,
            let length = reader.integer(UInt16.self), length >= 2,
            let payload = reader.take(Int(length) - 2)
        {
            if marker == 0xFFE1, payload.starts(with: Array("Exif\0\0".utf8)) {
                return Orientation(inTIFF: payload.dropFirst(6)) ?? .upright
            }
        }
        return .upright
    }
}
