import Glibc
import Platform

/// Picture files as people name them on a command line: anything may be behind a path.
package enum ImageFile {
    /// The bytes of a regular file. A symbolic link is followed.
    ///
    /// Never blocks on a pipe or a device, and reads exactly the size that the file had when it was opened.
    ///
    /// - Throws: `ImageError.fileMissing`, `.notARegularFile`, `.unreadable`, `.tooManyBytes`, `.fileChanged`.
    package static func read(path: String, limits: ImageLimits = .standard) throws(ImageError) -> [UInt8] {
        let file = try open(path)
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
            switch error {
            case .system(ENOENT): throw .fileMissing(path: path)
            case .system(let code): throw .unreadable(path: path, reason: ErrnoText.describe(code))
            case .notRegular(let kind): throw .notARegularFile(path: path, kind: kind)
            }
        }
    }
}
