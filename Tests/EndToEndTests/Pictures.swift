import Core
import Foundation

/// Pictures of parts, made by seeded code: a woven stripe pattern with noise, good or with a dark blot.
enum Pictures {
    static let height = 96
    static let width = 128

    /// - Parameter light: times that of the others.
    static func good(_ seed: UInt64, light: Double = 1) -> [UInt8] {
        part(seed: seed, hasBlot: false, light: light).jpegBytes(qualityPercent: 95)
    }

    static func defective(_ seed: UInt64) -> [UInt8] { part(seed: seed, hasBlot: true).jpegBytes(qualityPercent: 95) }

    private static func part(seed: UInt64, hasBlot: Bool, light: Double = 1) -> Image {
        var generator = SplitMix64(seed: seed)
        var pixels: [UInt8] = []
        for row in 0..<height {
            for column in 0..<width {
                let stripe = 110 + 50 * sin(Double(row) / 5) + 25 * sin(Double(column) / 3)
                let noise = Double(generator.next() % 13) - 6
                let distance = hypot(Double(row - height / 3), Double(column - width / 2))
                let grey = hasBlot && distance < 14 ? 15 : light * (stripe + noise)
                pixels += repeatElement(UInt8(max(0, min(255, grey))), count: 3)
            }
        }
        return Image(height: height, width: width, pixels: pixels)
    }

    /// A rod with a head before a plain background, turned anticlockwise; without `degrees` the background alone.
    static func rod(_ seed: UInt64, degrees: Double?) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        let turn = (degrees ?? 0) * .pi / 180
        let (x, y) = (Double(width) / 2 + Double(seed % 5), Double(height) / 2 - Double(seed % 3))
        var pixels: [UInt8] = []
        for row in 0..<height {
            for column in 0..<width {
                let (dx, dy) = (Double(column) - x, Double(row) - y)
                let (along, across) = (dx * cos(turn) - dy * sin(turn), dx * sin(turn) + dy * cos(turn))
                let isRod = degrees != nil && abs(along) <= 32 && abs(across) <= (along > 20 ? 9 : 4)
                let grey = (isRod ? 200 : 80) + Int(generator.next() % 5)
                pixels += repeatElement(UInt8(grey), count: 3)
            }
        }
        return Image(height: height, width: width, pixels: pixels).jpegBytes(qualityPercent: 95)
    }

    /// Three good parts to learn from, two more of the same kind, and one with a defect.
    static let line: [String: [UInt8]] = [
        "1-shot.jpg": good(1), "2-shot.jpg": good(2), "3-shot.jpg": good(3),
        "4-good.jpg": good(4), "5-good.jpg": good(5), "6-defect.jpg": defective(6),
    ]

    static let shots = ["1-shot.jpg", "2-shot.jpg", "3-shot.jpg"]
}

/// Files that are no usable picture.
enum BadPictures {
    static let notAnImage = Array("PK this is no picture, whatever its name says".utf8)
    static var truncated: [UInt8] { Array(Pictures.good(1).dropLast(400)) }
    static var onePixel: [UInt8] { Image(height: 1, width: 1, pixels: [1, 2, 3]).pngBytes() }

    /// A small JPEG whose header promises 30000 x 30000 pixels.
    static var huge: [UInt8] {
        var bytes = Pictures.good(1)
        // The frame header: marker, length, precision, height, width.
        guard let marker = bytes.indices.dropLast(9).first(where: { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 }) else {
            return []
        }
        bytes.replaceSubrange(marker + 5..<marker + 9, with: [0x75, 0x30, 0x75, 0x30])
        return bytes
    }

    /// A 64 x 64 JPEG in CMYK with an Adobe marker, as Pillow writes it: `Image.new("CMYK", (64, 64), (10, 20, 30, 40))`.
    static var cmyk: [UInt8] { Array(Data(base64Encoded: cmykBase64) ?? Data()) }

    private static let cmykBase64 = """
        /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBtUVdfYmdo\
        Zz5NcXlwZHhcZWdj/8AAFAgAQABABEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAAG/8QAFBABAAAAAAAAAAAAAAAA\
        AAAAAP/aAA4EQwBNAFkASwAAPwC7WyxVgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
        AAAAAAAAAAAAAAAAD//Z
        """
}
