import Glibc

/// A regular file, read at places. Whatever else is behind the path (a pipe, a device, a directory) is refused without waiting for
/// it; a symbolic link is followed.
///
/// Read, never mapped: somebody else may cut a mapped file short, which ends the process.
/// Any number of threads may read the same one: there is no common position.
package struct RegularFile: Sendable {
    /// Why a path is not read.
    package enum Refusal: Error, Equatable, CustomStringConvertible {
        case system(errno: CInt)
        /// `kind` in a word: `directory`, `pipe`.
        case notRegular(kind: String)

        package var description: String {
            switch self {
            case .system(let errno): ErrnoText.describe(errno)
            case .notRegular(let kind): "expected a regular file, got a \(kind)"
            }
        }
    }

    package let path: String
    /// When it was opened; the file may be another length by now. Files of /proc say 0.
    package let byteCount: Int
    let box: DescriptorBox

    package init(_ path: String) throws(Refusal) {
        self.path = path
        var status = stat()
        do throws(DiskError) {
            // Without O_NONBLOCK, opening a pipe that nobody writes to would hang.
            box = try DescriptorBox(.open, path, open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
        } catch {
            throw .system(errno: error.errno)
        }
        guard fstat(box.descriptor, &status) == 0 else { throw .system(errno: errno) }
        if let kind = Self.kind(status.st_mode) { throw .notRegular(kind: kind) }
        byteCount = status.st_size
    }

    /// Nil = a regular file.
    private static func kind(_ mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "directory"
        case S_IFIFO: "pipe"
        case S_IFCHR, S_IFBLK: "device"
        default: "special file"
        }
    }

    /// Fills a buffer from `offset` on.
    ///
    /// - Returns: how many bytes; fewer than asked for only where the file ends.
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let got = pread(box.descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
            if got == 0 { break }
            if got > 0 {
                filled += got
            } else if errno != EINTR {
                throw DiskError(operation: .read, path: path, errno: errno)
            }
        }
        return filled
    }

    /// At most `count` bytes from `offset` on; fewer only where the file ends.
    package func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        var failure: DiskError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(DiskError) {
                filled = try read(
                    at: offset,
                    into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
