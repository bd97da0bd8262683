/// Windows bitmaps, as industrial cameras' programs write them: uncompressed, 8 bits with a palette, 24 or 32 bits, from below
/// or from above.
enum BMP {
    private struct Header {
        let height: Int
        let width: Int
        let bits: Int
        /// Whether the first row that is stored is the picture's last.
        let isFromBelow: Bool
        let pixels: Int
        /// Of four bytes each.
        let palette: (start: Int, count: Int)

        var rowBytes: Int { (width * bits + 31) / 32 * 4 }
        /// Where the picture ends.
        var end: Int { pixels + height * rowBytes }
    }

    static func size(of bytes: [UInt8]) throws(ImageError) -> (height: Int, width: Int) {
        let header = try header(of: bytes)
        return (header.height, header.width)
    }

    /// - Returns: the whole picture, RGB, `height` x `width` x 3, and how many bytes it took.
    static func decode(_ bytes: [UInt8]) throws(ImageError) -> (pixels: [UInt8], consumed: Int) {
        let header = try header(of: bytes)
        guard header.end <= bytes.count else {
            throw .damaged(.bmp, reason: "expected \(header.end) bytes, got \(bytes.count)")
        }
        let palette = (0..<header.palette.count).map { header.palette.start + $0 * 4 }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(header.height * header.width * 3)
        for row in 0..<header.height {
            let stored = header.isFromBelow ? header.height - 1 - row : row
            let start = header.pixels + stored * header.rowBytes
            for column in 0..<header.width {
                let place: Int
                if header.bits == 8 {
                    let colour = Int(bytes[start + column])
                    guard colour < palette.count else {
                        throw .damaged(.bmp, reason: "a pixel has colour \(colour) of \(palette.count)")
                    }
                    place = palette[colour]
                } else {
                    place = start + column * header.bits / 8
                }
                // Blue first.
                pixels.append(bytes[place + 2])
                pixels.append(bytes[place + 1])
                pixels.append(bytes[place])
            }
        }
        return (pixels, header.end)
    }

    private static func header(of bytes: [UInt8]) throws(ImageError) -> Header {
        guard let header = try read(bytes) else { throw .damaged(.bmp, reason: "its header is cut short") }
        return header
    }

    /// Nil when bytes are missing.
    private static func read(_ bytes: [UInt8]) throws(ImageError) -> Header? {
        var cursor = ByteCursor(bytes[...], order: .little)
        // File header: BM, size, two reserved, where the pixels are.
        guard cursor.skip(10) != nil, let pixels = cursor.integer(UInt32.self),
            let length = cursor.integer(UInt32.self)
        else { return nil }
        // OS/2's first kind has 12 bytes, and is read by nobody else either.
        guard (40...4096).contains(length) else { throw .unsupported(.bmp, what: "a header of \(length) bytes") }
        guard let width = cursor.integer(Int32.self), let height = cursor.integer(Int32.self),
            cursor.integer(UInt16.self) != nil, let bits = cursor.integer(UInt16.self),
            let compression = cursor.integer(UInt32.self), cursor.skip(12) != nil,
            let colours = cursor.integer(UInt32.self), cursor.skip(4) != nil
        else { return nil }
        var paletteStart = 14 + Int(length)
        switch (bits, compression) {
        case (8, 0), (24, 0), (32, 0): break
        case (32, 3):
            // Masks of red, green and blue: behind a header of 40 bytes, or within a longer one.
            guard let red = cursor.integer(UInt32.self), let green = cursor.integer(UInt32.self),
                let blue = cursor.integer(UInt32.self)
            else { return nil }
            guard red == 0xFF0000, green == 0xFF00, blue == 0xFF else {
                throw .unsupported(.bmp, what: "colours in an order of their own")
            }
            if length == 40 { paletteStart += 12 }
        default: throw .unsupported(.bmp, what: "\(bits) bits a pixel with compression \(compression)")
        }
        guard width > 0, height != 0, height != .min else {
            throw .damaged(.bmp, reason: "\(height) x \(width) pixels")
        }
        let count = bits == 8 ? (colours == 0 ? 256 : Int(min(colours, 256))) : 0
        guard paletteStart + 4 * count <= Int(pixels), Int(pixels) <= bytes.count else {
            throw .damaged(.bmp, reason: "its pixels would be at \(pixels) of \(bytes.count) bytes")
        }
        return Header(
            height: Int(height.magnitude), width: Int(width), bits: Int(bits), isFromBelow: height > 0,
            pixels: Int(pixels), palette: (paletteStart, count))
    }
}
