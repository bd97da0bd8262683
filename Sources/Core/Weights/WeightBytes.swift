import Glibc
import Platform

/// The bytes of a weight file, read where they are asked for and never kept: a model that is larger than the memory that it
/// may use is read tensor by tensor.
///
/// The file is read, never mapped: somebody else may cut a mapped file short, which ends the process.
final class WeightBytes: Sendable {
    private enum Source {
        case descriptor(Int32)
        case memory([UInt8])
    }

    /// For messages.
    let file: String
    /// Bytes in the file when it was opened.
    let count: Int
    private let source: Source

    /// Opens a regular file; a FIFO or a device is refused without waiting for it.
    init(path: String) throws(WeightsError) {
        let (descriptor, size) = try openRegularFile(path)
        file = path
        count = size
        source = .descriptor(descriptor)
    }

    init(_ bytes: [UInt8], file: String) {
        self.file = file
        count = bytes.count
        source = .memory(bytes)
    }

    deinit {
        if case .descriptor(let descriptor) = source { close(descriptor) }
    }

    /// Fills `buffer` with the bytes from `position` on.
    ///
    /// - Throws: `truncated` when the file ends before, also when it shrank since it was opened.
    func read(at position: Int, into buffer: UnsafeMutableRawBufferPointer, part: String) throws(WeightsError) {
        guard position >= 0, position <= count, buffer.count <= count - position else {
            throw .truncated(
                file: file, part: part, expectedBytes: buffer.count, gotBytes: max(0, count - max(position, 0)))
        }
        switch source {
        case .memory(let bytes): buffer.copyBytes(from: bytes[position..<position + buffer.count])
        case .descriptor(let descriptor):
            var filled = 0
            while filled < buffer.count {
                let got = pread(
                    descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).baseAddress,
                    buffer.count - filled, position + filled)
                if got > 0 {
                    filled += got
                } else if got == 0 {
                    throw .truncated(file: file, part: part, expectedBytes: buffer.count, gotBytes: filled)
                } else if errno != EINTR {
                    throw .unreadable(file: file, reason: systemMessage())
                }
            }
        }
    }

    /// A copy of some bytes.
    func bytes(_ range: Range<Int>, part: String) throws(WeightsError) -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw .truncated(
                file: file, part: part, expectedBytes: range.count, gotBytes: max(0, count - range.lowerBound))
        }
        var failure: WeightsError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initializedCount in
            do throws(WeightsError) {
                let destination = UnsafeMutableBufferPointer(rebasing: buffer[..<range.count])
                try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(destination), part: part)
                initializedCount = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads the whole file once, in pieces.
    ///
    /// - Returns: its SHA-256, in hexadecimal.
    func sha256() throws(WeightsError) -> String {
        var hash = SHA256()
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { piece.deallocate() }
        for start in stride(from: 0, to: count, by: piece.count) {
            let here = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, count - start)])
            try read(at: start, into: here, part: "file")
            hash.update(UnsafeRawBufferPointer(here))
        }
        return hexadecimal(hash.finalize())
    }
}

/// SHA-256 of a file, in hexadecimal; it is read in pieces.
package func sha256(ofFile path: String) throws(WeightsError) -> String { try WeightBytes(path: path).sha256() }

/// Opens a regular file for reading; a FIFO or a device is refused without waiting for it.
func openRegularFile(_ path: String) throws(WeightsError) -> (descriptor: Int32, size: Int) {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(file: path, reason: systemMessage()) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        close(descriptor)
        throw .unreadable(file: path, reason: "not a regular file")
    }
    guard status.st_size <= WeightsInput.maximumBytes else {
        close(descriptor)
        throw .unreadable(file: path, reason: "\(status.st_size) bytes, more than \(WeightsInput.maximumBytes)")
    }
    return (descriptor, Int(status.st_size))
}
