/// How the camera was held: where the stored picture's first row and first column belong (EXIF 2.32, tag 0x0112).
enum Orientation: UInt16, CaseIterable {
    case upright = 1
    case mirrored = 2
    case upsideDown = 3
    case mirroredUpsideDown = 4
    case transposed = 5
    /// To be turned a quarter clockwise; 8 a quarter anticlockwise.
    case quarterClockwise = 6
    case transversed = 7
    case quarterAnticlockwise = 8

    /// The tag in the first directory of a TIFF structure, as Exif embeds it; nil if there is none, or damage.
    init?(inTIFF tiff: ArraySlice<UInt8>) {
        let order: ByteCursor.Order
        switch tiff.prefix(4) {
        case [0x49, 0x49, 0x2A, 0x00]: order = .little
        case [0x4D, 0x4D, 0x00, 0x2A]: order = .big
        default: return nil
        }
        var reader = ByteCursor(tiff, order: order)
        reader.skip(4)
        guard let offset = reader.integer(UInt32.self) else { return nil }
        reader = ByteCursor(tiff.dropFirst(Int(offset)), order: order)
        guard let count = reader.integer(UInt16.self) else { return nil }
        // Entries: tag, type (3 = 16-bit), number of values, the value itself in the first bytes of the last four.
        for _ in 0..<count {
            guard let tag = reader.integer(UInt16.self), let type = reader.integer(UInt16.self),
                reader.integer(UInt32.self) != nil, let value = reader.integer(UInt16.self)
            else {
                return nil
            }
            reader.skip(2)
            if tag == 0x0112 {
                guard type == 3, let orientation = Orientation(rawValue: value) else { return nil }
                self = orientation
                return
            }
        }
        return nil
    }
}

extension Orientation {
    /// Whether the stored rows are the upright picture's columns.
    var swapsSides: Bool { rawValue >= Orientation.transposed.rawValue }

    /// Where a rectangle of the upright picture is stored.
    func stored(_ upright: PixelRectangle, storedHeight: Int, storedWidth: Int) -> PixelRectangle {
        let turned =
            swapsSides
            ? PixelRectangle(x: upright.y, y: upright.x, width: upright.height, height: upright.width) : upright
        // Whether stored columns and rows run against those of the upright picture (after the sides were swapped).
        let (fromRight, fromBelow) =
            switch self {
            case .upright, .transposed: (false, false)
            case .mirrored, .quarterAnticlockwise: (true, false)
            case .upsideDown, .transversed: (true, true)
            case .mirroredUpsideDown, .quarterClockwise: (false, true)
            }
        return PixelRectangle(
            x: fromRight ? storedWidth - turned.x - turned.width : turned.x,
            y: fromBelow ? storedHeight - turned.y - turned.height : turned.y,
            width: turned.width, height: turned.height)
    }
}

extension Image {
    /// The picture as it was seen, from how it was stored.
    func upright(from orientation: Orientation) -> Image {
        let (lastRow, lastColumn) = (height - 1, width - 1)
        // Where the result's pixel (0, 0) is stored, and the steps to its neighbours below and to the right.
        let (origin, below, right) =
            switch orientation {
            case .upright: ((0, 0), (1, 0), (0, 1))
            case .mirrored: ((0, lastColumn), (1, 0), (0, -1))
            case .upsideDown: ((lastRow, lastColumn), (-1, 0), (0, -1))
            case .mirroredUpsideDown: ((lastRow, 0), (-1, 0), (0, 1))
            case .transposed: ((0, 0), (0, 1), (1, 0))
            case .quarterClockwise: ((lastRow, 0), (0, 1), (-1, 0))
            case .transversed: ((lastRow, lastColumn), (0, -1), (-1, 0))
            case .quarterAnticlockwise: ((0, lastColumn), (0, -1), (1, 0))
            }
        if orientation == .upright { return self }
        let (rows, columns) = below.0 == 0 ? (width, height) : (height, width)
        func index(_ step: (row: Int, column: Int)) -> Int { (step.row * width + step.column) * 3 }
        let (start, rowStep, columnStep) = (index(origin), index(below), index(right))
        let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { turned, count in
            count = pixels.count
            pixels.withUnsafeBufferPointer { stored in
                for row in 0..<rows {
                    for column in 0..<columns {
                        let source = start + row * rowStep + column * columnStep
                        let target = (row * columns + column) * 3
                        for channel in 0..<3 { turned[target + channel] = stored[source + channel] }
                    }
                }
            }
        }
        return Image(height: rows, width: columns, pixels: turned)
    }
}
