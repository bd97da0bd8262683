/// The file formats of pictures.
package enum ImageFormat: String, Sendable, Codable, CaseIterable, CustomStringConvertible {
    case jpeg
    case png
    case bmp
    case tiff

    /// The format that the first bytes promise; nil if it is none of them.
    package init?(sniffing bytes: [UInt8]) {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: [0x42, 0x4D]) {
            self = .bmp
        } else if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) || bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A])
            || bytes.starts(with: [0x49, 0x49, 0x2B, 0x00]) || bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2B])
        {
            // With 32-bit offsets, or with 64-bit ones.
            self = .tiff
        } else {
            return nil
        }
    }

    /// That files of this extension have, without a dot, as ``fileExtension`` gives it; JPEG of any other.
    package init(fileExtension: String) {
        self = Self.allCases.first { $0.fileExtension == fileExtension } ?? .jpeg
    }

    /// Without a dot.
    package var fileExtension: String {
        switch self {
        case .jpeg: "jpg"
        case .png: "png"
        case .bmp: "bmp"
        case .tiff: "tif"
        }
    }

    /// Endings of names in lower case, with the dot: files that are taken for pictures.
    package static let fileEndings: Set<String> = [".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"]
    /// The same in words, for messages.
    package static let endingsInWords = ".jpg, .jpeg, .png, .bmp, .tif or .tiff"

    package var description: String { rawValue }
}
