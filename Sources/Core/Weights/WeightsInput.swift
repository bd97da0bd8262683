import Platform

/// A weight file read front to back. Every byte that is read goes into its SHA-256.
struct WeightsInput: ~Copyable {
    let bytes: WeightBytes
    private(set) var position = 0
    private var hash = SHA256()

    /// Opens a regular file; a FIFO or a device is refused without waiting for it.
    init(path: String) throws(WeightsError) { bytes = try WeightBytes(path: path) }

    init(bytes: [UInt8], file: String) { self.bytes = WeightBytes(bytes, file: file) }

    var file: String { bytes.file }
    /// Bytes in the file when it was opened.
    var size: Int { bytes.count }

    /// Bytes that have not been read.
    var remaining: Int { size - position }

    /// Fills `buffer` with the bytes that come next.
    ///
    /// - Throws: `truncated` when the file ends before, also when it shrank since it was opened.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer, section: String) throws(WeightsError) {
        try bytes.read(at: position, into: buffer, section: section)
        hash.update(UnsafeRawBufferPointer(buffer))
        position += buffer.count
    }

    /// The next `count` bytes.
    mutating func bytes(_ count: Int, section: String) throws(WeightsError) -> [UInt8] {
        let next = try bytes.bytes(position..<position + max(count, 0), section: section)
        next.withUnsafeBytes { hash.update($0) }
        position += next.count
        return next
    }

    /// SHA-256 of what has been read so far, in hexadecimal.
    func sha256() -> String { hexadecimal(hash.finalize()) }
}
