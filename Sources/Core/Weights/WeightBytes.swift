import Platform

/// The bytes of a weight file, read where they are asked for and never kept: a model that is larger than the memory that it
/// may use is read tensor by tensor.
final class WeightBytes: Sendable {
    private enum Source {
        case file(RegularFile)
        case memory([UInt8])
    }

    /// Larger files are not weights of anything that runs here.
    private static let maximumBytes = 16 << 30

    /// For messages.
    let file: String
    /// Bytes in the file when it was opened.
    let count: Int
    private let source: Source

    /// Opens a regular file; a FIFO or a device is refused without waiting for it.
    init(path: String) throws(WeightsError) {
        file = path
        do throws(RegularFile.Refusal) {
            let file = try RegularFile(path)
            source = .file(file)
            count = file.byteCount
        } catch {
            throw .unreadable(file: path, reason: "\(error)")
        }
        guard count <= Self.maximumBytes else {
            throw .unreadable(file: path, reason: "\(count) bytes, more than \(Self.maximumBytes)")
        }
    }

    init(_ bytes: [UInt8], file: String) {
        self.file = file
        count = bytes.count
        source = .memory(bytes)
    }

    /// Fills `buffer` with the bytes from `position` on.
    ///
    /// - Throws: `truncated` when the file ends before, also when it shrank since it was opened.
    func read(at position: Int, into buffer: UnsafeMutableRawBufferPointer, section: String) throws(WeightsError) {
        guard position >= 0, position <= count, buffer.count <= count - position else {
            throw .truncated(
                file: file, section: section, expectedBytes: buffer.count, gotBytes: max(0, count - max(position, 0)))
        }
        switch source {
        case .memory(let bytes): buffer.copyBytes(from: bytes[position..<position + buffer.count])
        case .file(let regular):
            let got: Int
            do throws(DiskError) {
                got = try regular.read(at: position, into: buffer)
            } catch {
                throw .unreadable(file: file, reason: ErrnoText.describe(error.errno))
            }
            guard got == buffer.count else {
                throw .truncated(file: file, section: section, expectedBytes: buffer.count, gotBytes: got)
            }
        }
    }

    /// A copy of some bytes.
    func bytes(_ range: Range<Int>, section: String) throws(WeightsError) -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw .truncated(
                file: file, section: section, expectedBytes: range.count, gotBytes: max(0, count - range.lowerBound))
        }
        var failure: WeightsError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initializedCount in
            do throws(WeightsError) {
                let destination = UnsafeMutableBufferPointer(rebasing: buffer[..<range.count])
                try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(destination), section: section)
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
            try read(at: start, into: here, section: "file")
            hash.update(UnsafeRawBufferPointer(here))
        }
        return hexadecimal(hash.finalize())
    }
}

/// SHA-256 of a file, in hexadecimal; it is read in pieces.
package func sha256(ofFile path: String) throws(WeightsError) -> String { try WeightBytes(path: path).sha256() }
