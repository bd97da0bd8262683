import Glibc
package import Platform

/// Picture files as people name them on a command line: anything may be behind a path.
package enum ImageFile {
    /// The bytes of a regular file. A symbolic link is followed.
    ///
    /// Never blocks on a pipe or a device, and reads exactly the size that the file had when it was opened.
    ///
    /// - Throws: `ImageError.fileMissing`, `.notARegularFile`, `.unreadable`, `.tooManyBytes`, `.fileChanged`.
    package static func read(path: String, limits: ImageLimits = .standard) throws(ImageError) -> [UInt8] {
        try bytes(of: try open(path), limits: limits)
    }

    /// The bytes of a file that is open, as many as it had then.
    ///
    /// - Throws: `ImageError.unreadable`, `.tooManyBytes`, `.fileChanged`.
    package static func bytes(of file: RegularFile, limits: ImageLimits = .standard) throws(ImageError) -> [UInt8] {
        let path = file.path
        try limits.checkBytes(file.byteCount)
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try file.read(at: 0, count: file.byteCount)
        } catch {
            throw .unreadable(path: path, reason: ErrnoText.describe(error.errno))
        }
        guard bytes.count == file.byteCount else {
            throw .fileChanged(path: path, expectedBytes: file.byteCount, actualBytes: bytes.count)
        }
        return bytes
    }

    private static func open(_ path: String) throws(ImageError) -> RegularFile {
        do throws(RegularFile.Refusal) {
            return try RegularFile(path)
        } catch {
            throw ImageError(error, path: path)
        }
    }
}

extension ImageError {
    /// Why a path was not opened.
    package init(_ refusal: RegularFile.Refusal, path: String) {
        switch refusal {
        case .system(ENOENT): self = .fileMissing(path: path)
        case .system(let code): self = .unreadable(path: path, reason: ErrnoText.describe(code))
        case .notRegular(let kind): self = .notARegularFile(path: path, kind: kind)
        }
    }
}
