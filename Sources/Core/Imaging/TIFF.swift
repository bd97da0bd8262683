import CTIFF

/// TIFF files, the only caller of the C shim over libtiff: the first picture of a file.
enum TIFF {
    /// As it is stored, from the header alone.
    static func size(of bytes: [UInt8]) throws(ImageError) -> (height: Int, width: Int) {
        var (height, width): (UInt32, UInt32) = (0, 0)
        var message = [CChar](repeating: 0, count: Int(FSAC_TIFF_MESSAGE))
        try check(fsac_tiff_header(bytes, bytes.count, &height, &width, &message), message)
        return (Int(height), Int(width))
    }

    /// The whole picture as it is stored, RGB, 8 bits a channel: `height` x `width` x 3.
    static func decode(_ bytes: [UInt8], height: Int, width: Int) throws(ImageError) -> [UInt8] {
        var status: Int32 = 0
        var message = [CChar](repeating: 0, count: Int(FSAC_TIFF_MESSAGE))
        let size = height * width * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: size) { pixels, count in
            status = fsac_tiff_decode_rgb(
                bytes, bytes.count, UInt32(height), UInt32(width), pixels.baseAddress, &message)
            count = status == 0 ? size : 0
        }
        try check(status, message)
        return pixels
    }

    private static func check(_ status: Int32, _ message: [CChar]) throws(ImageError) {
        let text = String(decoderMessage: message)
        switch UInt32(bitPattern: status) {
        case FSAC_TIFF_OK.rawValue: return
        case FSAC_TIFF_UNSUPPORTED.rawValue: throw .unsupported(.tiff, what: text)
        default: throw .damaged(.tiff, reason: text)
        }
    }
}
