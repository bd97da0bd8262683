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
    /// When it was opened.
    package let identity: FileIdentity
    let box: DescriptorBox

    package init(_ path: String) throws(Refusal) {
        try self.init(bytes: Array(path.utf8), shown: path)
    }

    /// - Parameters:
    ///   - bytes: the path, which need not be UTF-8; without a zero.
    ///   - shown: the path in messages.
    package init(bytes: [UInt8], shown: String) throws(Refusal) {
        path = shown
        var status = stat()
        do throws(DiskError) {
            // Without O_NONBLOCK, opening a pipe that nobody writes to would hang.
            let descriptor = (bytes + [0]).withUnsafeBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) { path in
                    path.baseAddress.map { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) } ?? -1
                }
            }
            box = try DescriptorBox(.open, path, descriptor)
        } catch {
            throw .system(errno: error.errno)
        }
        guard fstat(box.descriptor, &status) == 0 else { throw .system(errno: errno) }
        if let kind = Self.kind(status.st_mode) { throw .notRegular(kind: kind) }
        byteCount = status.st_size
        identity = FileIdentity(status)
    }

    /// As it is now; nil when the disk does not say.
    package var identityNow: FileIdentity? {
        var status = stat()
        return fstat(box.descriptor, &status) == 0 ? FileIdentity(status) : nil
    }

    /// Whether somebody has the file open for writing.
    package enum Writers: Sendable {
        case none, some
        /// The system tells only the file's owner and root, and not on every file system.
        case unknown
    }

    /// Asked by taking a lease for reading, which is given back at once.
    package var writers: Writers {
        // Whoever opens it for writing meanwhile waits for these moments; the signal that says so is one that is ignored.
        _ = fcntl(box.descriptor, Self.setSignal, SIGURG)
        if fcntl(box.descriptor, Self.setLease, Int32(F_RDLCK)) == 0 {
            _ = fcntl(box.descriptor, Self.setLease, Int32(F_UNLCK))
            return .none
        }
        return errno == EAGAIN ? .some : .unknown
    }

    /// F_SETLEASE and F_SETSIG, which need _GNU_SOURCE.
    private static let (setLease, setSignal): (Int32, Int32) = (1024, 10)

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
