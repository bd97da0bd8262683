/// The file formats of pictures.
package enum ImageFormat: String, Sendable, Codable, CustomStringConvertible {
    case jpeg
    case png

    /// The format that the first bytes promise; nil if it is neither.
    package init?(sniffing bytes: [UInt8]) {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else {
            return nil
        }
    }

    /// Without a dot.
    package var fileExtension: String {
        switch self {
        case .jpeg: "jpg"
        case .png: "png"
        }
    }

    package var description: String { rawValue }
}
