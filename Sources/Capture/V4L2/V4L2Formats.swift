package import Core

/// How frames of a V4L2 format become pictures.
package enum FrameReading: Equatable {
    case motionJPEG
    case raw(PixelFormat)
    /// Through libv4lconvert, to RGB, when the frame is taken.
    case converted

    /// Nil for what fsac does not read (video streams, exotic layouts).
    package init?(_ format: FourCC) {
        if let raw = PixelFormat(rawValue: format.description) {
            self = .raw(raw)
        } else if ["MJPG", "JPEG"].contains(format.description) {
            self = .motionJPEG
        } else if SensorFormat.readable.contains(format.description) {
            self = .converted
        } else {
            return nil
        }
    }
}

/// Formats of image sensors and some old cameras, which libv4lconvert turns into RGB.
///
/// On the capture thread, for the library needs the device: such a camera costs it time at each frame.
enum SensorFormat {
    /// Bayer of 8, 10 (loose and packed) and 16 bits, grey of 10 (packed) and 16 bits, and YUV in planes, as of libv4l 1.22.
    private static let convertible: Set<String> = [
        "BA81", "GBRG", "GRBG", "RGGB", "BG10", "GB10", "BA10", "RG10", "pBAA", "pGAA", "pgAA", "pRAA", "BYR2", "GB16",
        "GR16", "RG16", "Y16", "Y10B", "YU12", "YV12", "YVYU",
    ]

    /// What the library lacks: 10 to 14 bits at the lower end of 16-bit words.
    private static let narrow: [String: (wide: String, bits: Int)] = [
        "BG12": ("BYR2", 12), "GB12": ("GB16", 12), "BA12": ("GR16", 12), "RG12": ("RG16", 12), "Y10": ("Y16", 10),
        "Y12": ("Y16", 12), "Y14": ("Y16", 14),
    ]

    /// By the four-character code.
    static let readable = convertible.union(narrow.keys)

    /// The same pixels with the bits at the upper end of their words, where the library has no other way.
    static func widened(_ format: DeviceFormat, _ bytes: [UInt8]) -> (format: DeviceFormat, bytes: [UInt8]) {
        guard let (wide, bits) = narrow[format.fourCC.description], let fourCC = FourCC(wide) else {
            return (format, bytes)
        }
        var (format, bytes) = (format, bytes)
        format.fourCC = fourCC
        for low in stride(from: 0, to: bytes.count - 1, by: 2) {
            let word = (UInt16(bytes[low]) | UInt16(bytes[low + 1]) << 8) << (16 - bits)
            bytes[low] = UInt8(truncatingIfNeeded: word)
            bytes[low + 1] = UInt8(word >> 8)
        }
        return (format, bytes)
    }

    /// Bytes without which a frame is incomplete; nil where rows say nothing of it.
    static func expectedBytes(_ format: DeviceFormat) -> Int? {
        switch format.fourCC.description {
        case "YU12", "YV12": format.bytesPerRow * format.height * 3 / 2
        default: format.bytesPerRow > 0 ? format.bytesPerRow * format.height : nil
        }
    }
}

extension DeviceFormat {
    /// The least that a whole frame has: 1 for Motion JPEG, whose decoder finds out.
    package var expectedBytes: Int {
        switch FrameReading(fourCC) {
        case .raw(let pixels): pixels.pictureBytes(height: height, bytesPerRow: rowBytes(of: pixels))
        case .converted: SensorFormat.expectedBytes(self) ?? bytes
        case .motionJPEG, nil: 1
        }
    }

    /// Some drivers leave it out.
    package func rowBytes(of pixels: PixelFormat) -> Int { max(bytesPerRow, pixels.rowBytes(width: width)) }

    /// `YUYV 640 x 480`, width first as everywhere with cameras.
    package var text: String { "\(fourCC) \(width) x \(height)" }
}

/// Sizes that a driver offers for a format: one, or a range.
package struct SizeRange: Sendable, Equatable, CustomStringConvertible {
    package var height: ClosedRange<Int>
    package var width: ClosedRange<Int>

    package init(height: ClosedRange<Int>, width: ClosedRange<Int>) {
        self.height = height
        self.width = width
    }

    /// `640 x 480`, or `16 x 16 to 3840 x 2160`; width first as everywhere with cameras.
    package var description: String {
        let least = "\(width.lowerBound) x \(height.lowerBound)"
        let most = "\(width.upperBound) x \(height.upperBound)"
        return least == most ? least : "\(least) to \(most)"
    }
}
