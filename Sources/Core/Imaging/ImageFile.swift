import Glibc

/// Picture files as people name them on a command line: anything may be behind a path.
package enum ImageFile {
    /// The bytes of a regular file. A symbolic link is followed.
    ///
    /// Never blocks on a pipe or a device, and reads exactly the size that the file had when it was opened.
    ///
    /// - Throws: `ImageError.fileMissing`, `.notARegularFile`, `.unreadable`, `.tooManyBytes`, `.fileChanged`.
    package static func read(path: String, limits: ImageLimits = .standard) throws(ImageError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? .fileMissing(path: path) : .unreadable(path: path, reason: systemMessage())
        }
        defer { close(descriptor) }
        let size = try sizeOfRegularFile(descriptor, path: path)
        try limits.checkBytes(size)
        return try read(descriptor, size: size, path: path)
    }

    private static func sizeOfRegularFile(_ descriptor: Int32, path: String) throws(ImageError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: systemMessage()) }
        let kind: String
        switch status.st_mode & S_IFMT {
        case S_IFREG: return status.st_size
        case S_IFDIR: kind = "directory"
        case S_IFIFO: kind = "pipe"
        case S_IFCHR, S_IFBLK: kind = "device"
        default: kind = "special file"
        }
        throw .notARegularFile(path: path, kind: kind)
    }

    private static func read(_ descriptor: Int32, size: Int, path: String) throws(ImageError) -> [UInt8] {
        var failure: ImageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if got > 0 {
                    count += got
                } else if got == 0 {
                    failure = .fileChanged(path: path, expectedBytes: size, actualBytes: count)
                    return
                } else if errno != EINTR {
                    failure = .unreadable(path: path, reason: systemMessage())
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func systemMessage() -> String {
        String(cString: strerror(errno))
    }
}
