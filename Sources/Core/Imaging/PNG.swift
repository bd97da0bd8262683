import CPNG
import Glibc

/// The only caller of the C shim over libpng.
enum PNG {
    /// - Returns: the picture as it is stored, and how many bytes it took up to its end chunk.
    static func decode(_ bytes: [UInt8]) throws(ImageError) -> (image: Image, consumed: Int) {
        let (height, width, channels) = try header(of: bytes)
        var consumed = 0
        var status: Int32 = 0
        var message = [CChar](repeating: 0, count: Int(FSAC_PNG_MESSAGE))
        let pixels = [UInt8](unsafeUninitializedCapacity: height * width * channels) { pixels, count in
            status = fsac_png_decode(
                bytes, bytes.count, UInt32(height), UInt32(width), Int32(channels), pixels.baseAddress, &consumed,
                &message)
            guard status == 0 else { return }
            if channels == 4, let pixels = pixels.baseAddress { compositeOnBlack(pixels, count: height * width) }
            count = height * width * 3
        }
        guard status == 0 else { throw .damaged(.png, reason: String(decoderMessage: message)) }
        return (Image(height: height, width: width, pixels: pixels), consumed)
    }

    /// As it is stored, from the header alone.
    static func size(of bytes: [UInt8]) throws(ImageError) -> (height: Int, width: Int) {
        let (height, width, _) = try header(of: bytes)
        return (height, width)
    }

    private static func header(of bytes: [UInt8]) throws(ImageError) -> (height: Int, width: Int, channels: Int) {
        var height: UInt32 = 0
        var width: UInt32 = 0
        var channels: Int32 = 0
        var message = [CChar](repeating: 0, count: Int(FSAC_PNG_MESSAGE))
        guard fsac_png_header(bytes, bytes.count, &height, &width, &channels, &message) == 0 else {
            throw .damaged(.png, reason: String(decoderMessage: message))
        }
        return (Int(height), Int(width), Int(channels))
    }

    /// Turns `count` RGBA pixels into RGB in place: the rounded `colour * alpha / 255`.
    private static func compositeOnBlack(_ pixels: UnsafeMutablePointer<UInt8>, count: Int) {
        for index in 0..<count {
            let alpha = UInt32(pixels[index * 4 + 3])
            for channel in 0..<3 {
                pixels[index * 3 + channel] = UInt8((UInt32(pixels[index * 4 + channel]) * alpha + 127) / 255)
            }
        }
    }

    static func encode(_ image: Image) -> [UInt8] {
        var file: UnsafeMutablePointer<UInt8>?
        var size = 0
        var message = [CChar](repeating: 0, count: Int(FSAC_PNG_MESSAGE))
        let status = fsac_png_encode_rgb(
            image.pixels, UInt32(image.height), UInt32(image.width), compressionLevel, &file, &size, &message)
        precondition(status == 0, "png encoder: \(String(decoderMessage: message))")
        defer { free(file) }
        return Array(UnsafeBufferPointer(start: file, count: size))
    }

    /// Of zlib. A heat map of 900 x 900 takes 21 ms for 752 kB at 2, 31 ms for 722 kB at 3.
    private static let compressionLevel: Int32 = 2

    /// The orientation in the eXIf chunk; `.upright` if there is none or it cannot be read.
    static func orientation(of bytes: [UInt8]) -> Orientation {
        var reader = ByteCursor(bytes[...], order: .big)
        reader.skip(8)
        // Chunks: length of the payload, type, payload, checksum.
        while let length = reader.integer(UInt32.self), let type = reader.take(4),
            let payload = reader.take(Int(length))
        {
            if type.elementsEqual("eXIf".utf8) { return Orientation(inTIFF: payload) ?? .upright }
            reader.skip(4)
        }
        return .upright
    }
}
