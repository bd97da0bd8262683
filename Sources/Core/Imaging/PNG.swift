import CKernels
import CPNG
import Glibc

/// The only caller of the C shim over libpng.
enum PNG {
    /// Rows that are in memory at a time, of a file that is not interlaced: whole blocks of every reduction.
    private static let bandRows = 64

    /// Decodes a window, reduced on the way: what is not wanted of the picture, or not yet, is not in memory.
    ///
    /// - Returns: the window of the picture as it is stored, and how many bytes the picture took up to its end chunk.
    static func decode(_ bytes: [UInt8], window: PictureWindow) throws(ImageError) -> (image: Image, consumed: Int) {
        let (height, width, channels) = try header(of: bytes)
        var message = [CChar](repeating: 0, count: Int(FSAC_PNG_MESSAGE))
        var pixels: [UInt8] = []
        pixels.reserveCapacity(window.rows.count * window.columns.count * 3)
        var consumed: Int?
        // The reader keeps both addresses from its opening on.
        bytes.withUnsafeBufferPointer { bytes in
            message.withUnsafeMutableBufferPointer { message in
                guard
                    let reader = fsac_png_open(
                        bytes.baseAddress, bytes.count, UInt32(height), UInt32(width), Int32(channels),
                        message.baseAddress)
                else { return }
                defer { fsac_png_close(reader) }
                let band = max(bandRows, Int(fsac_png_rows_at_once(reader)))
                for first in stride(from: 0, to: height, by: band) {
                    let rows = min(band, height - first)
                    guard let read = nextRows(reader, rows: rows, width: width, channels: channels) else { return }
                    pixels += reduce(read, firstRow: first, rows: rows, width: width, window)
                }
                var end = 0
                if fsac_png_finish(reader, &end) == 0 { consumed = end }
            }
        }
        guard let consumed else { throw .damaged(.png, reason: String(decoderMessage: message)) }
        return (Image(height: window.rows.count, width: window.columns.count, pixels: pixels), consumed)
    }

    /// The next rows as RGB; nil = they cannot be decoded.
    private static func nextRows(_ reader: OpaquePointer, rows: Int, width: Int, channels: Int) -> [UInt8]? {
        var isRead = false
        let pixels = [UInt8](unsafeUninitializedCapacity: rows * width * channels) { pixels, count in
            isRead = fsac_png_read_rows(reader, UInt32(rows), pixels.baseAddress) == 0
            guard isRead else { return }
            if channels == 4, let pixels = pixels.baseAddress { compositeOnBlack(pixels, count: rows * width) }
            count = rows * width * 3
        }
        return isRead ? pixels : nil
    }

    /// What of a window lies in a band of rows. Its first row begins a block.
    private static func reduce(
        _ pixels: [UInt8], firstRow: Int, rows: Int, width: Int, _ window: PictureWindow
    ) -> [UInt8] {
        let blocks = firstRow / window.factor..<(firstRow + rows + window.factor - 1) / window.factor
        let wanted = blocks.clamped(to: window.rows)
        guard !wanted.isEmpty else { return [] }
        let here = PictureWindow(
            factor: window.factor, rows: wanted.lowerBound - blocks.lowerBound..<wanted.upperBound - blocks.lowerBound,
            columns: window.columns)
        if here.isWhole(height: rows, width: width) { return pixels }
        return RawPicture.reduce(
            pixels, FSAC_RGB24, height: rows, width: width, bytesPerRow: width * 3, window: here
        ).pixels
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
