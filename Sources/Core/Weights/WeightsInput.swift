import Glibc
import Platform

/// A weight file read front to back. Every byte that is read goes into its SHA-256.
///
/// The file is read, never mapped: somebody else may cut a mapped file short, which ends the process.
struct WeightsInput: ~Copyable {
    private enum Source {
        case descriptor(Int32)
        case memory([UInt8])
    }

    /// Larger files are not weights of anything that runs here.
    static let maximumBytes = 16 << 30

    let file: String
    /// Bytes in the file when it was opened.
    let size: Int
    private(set) var position = 0
    private let source: Source
    private var hash = SHA256()

    /// Opens a regular file; a FIFO or a device is refused without waiting for it.
    init(path: String) throws(WeightsError) {
        let (descriptor, size) = try openRegularFile(path)
        file = path
        self.size = size
        source = .descriptor(descriptor)
    }

    init(bytes: [UInt8], file: String) {
        self.file = file
        size = bytes.count
        source = .memory(bytes)
    }

    deinit {
        if case .descriptor(let descriptor) = source { close(descriptor) }
    }

    /// Bytes that have not been read.
    var remaining: Int { size - position }

    /// Fills `buffer` with the bytes that come next.
    ///
    /// - Throws: `truncated` when the file ends before, also when it shrank since it was opened.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer, part: String) throws(WeightsError) {
        guard buffer.count <= remaining else {
            throw .truncated(file: file, part: part, expectedBytes: buffer.count, gotBytes: remaining)
        }
        switch source {
        case .descriptor(let descriptor): try fill(buffer, from: descriptor, part: part)
        case .memory(let bytes): buffer.copyBytes(from: bytes[position..<position + buffer.count])
        }
        hash.update(UnsafeRawBufferPointer(buffer))
        position += buffer.count
    }

    /// The next `count` bytes.
    mutating func bytes(_ count: Int, part: String) throws(WeightsError) -> [UInt8] {
        guard count <= remaining else {
            throw .truncated(file: file, part: part, expectedBytes: count, gotBytes: remaining)
        }
        var failure: WeightsError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            do throws(WeightsError) {
                try read(
                    into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])),
                    part: part)
                initializedCount = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// SHA-256 of what has been read so far, in hexadecimal.
    func sha256() -> String { hexadecimal(hash.finalize()) }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, part: String
    ) throws(WeightsError) {
        var filled = 0
        while filled < buffer.count {
            let count = Glibc.read(
                descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).baseAddress,
                buffer.count - filled)
            if count > 0 {
                filled += count
            } else if count == 0 {
                throw .truncated(file: file, part: part, expectedBytes: buffer.count, gotBytes: filled)
            } else if errno != EINTR {
                throw .unreadable(file: file, reason: systemMessage())
            }
        }
    }
}

/// What the last failed system call says.
func systemMessage() -> String { String(cString: strerror(errno)) }
