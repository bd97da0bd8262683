/// What follows the end of a JPEG that is not of it: data of a camera's maker, padding, line ends.
package enum JPEGTrailer {
    /// The file up to its end marker; as it is when it is no JPEG, or has no end: what is cut short stays refused.
    ///
    /// The markers are walked (ITU-T T.81, annex B), so that a thumbnail's end within a segment is not taken for it.
    package static func removed(from bytes: [UInt8]) -> [UInt8] {
        guard bytes.starts(with: [0xFF, 0xD8]), let end = end(of: bytes), end < bytes.count else { return bytes }
        return Array(bytes[..<end])
    }

    /// Behind the end marker.
    private static func end(of bytes: [UInt8]) -> Int? {
        var position = 2
        while let marker = bytes[position...].firstIndex(of: 0xFF), marker + 1 < bytes.count {
            let kind = bytes[marker + 1]
            position = marker + 1
            switch kind {
            // Padding; a byte of a scan's data; a restart within it; without a length.
            case 0xFF: break
            case 0x00, 0x01, 0xD0...0xD8: position = marker + 2
            case 0xD9: return marker + 2
            default:
                guard marker + 3 < bytes.count else { return nil }
                let length = Int(bytes[marker + 2]) << 8 | Int(bytes[marker + 3])
                position = marker + 2 + max(2, length)
                guard position < bytes.count else { return nil }
            }
        }
        return nil
    }
}
