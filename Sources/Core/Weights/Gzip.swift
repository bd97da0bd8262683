internal import CZlib

/// Files that gzip made.
package enum Gzip {
    /// Unpacks a file.
    ///
    /// - Parameter limit: bytes that it may become, so that a small file cannot fill the memory.
    /// - Throws: `malformed` when it is no gzip file, is damaged, cut short or longer than `limit`.
    package static func decompressed(
        _ bytes: [UInt8], file: String, limit: Int = 64 << 20
    ) throws(WeightsError) -> [UInt8] {
        var stream = z_stream()
        // 15 + 16: the largest window, and a gzip header.
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .unreadable(file: file, reason: "zlib cannot be initialised")
        }
        defer { inflateEnd(&stream) }
        var source = bytes
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        var status = Z_OK
        source.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            while status == Z_OK, text.count <= limit {
                piece.withUnsafeMutableBufferPointer { piece in
                    stream.next_out = piece.baseAddress
                    stream.avail_out = UInt32(piece.count)
                    status = inflate(&stream, Z_NO_FLUSH)
                    text += piece[..<(piece.count - Int(stream.avail_out))]
                }
            }
        }
        guard text.count <= limit else {
            throw .malformed(file: file, section: "file", expected: "at most \(limit) bytes of text", got: "more")
        }
        guard status == Z_STREAM_END else {
            throw .malformed(
                file: file, section: "file", expected: "a whole gzip file",
                got: "one that is damaged or cut short after \(text.count) bytes of text")
        }
        return text
    }
}
