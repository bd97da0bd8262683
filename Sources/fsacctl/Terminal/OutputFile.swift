import Glibc
import Platform

/// What a command writes where its user asks for it: each file whole or not at all, with the rights that the user's umask leaves.
///
/// The folders are made and looked at before a long work, not after it.
enum OutputFile {
    private static let mask: mode_t = {
        // It can only be read by being set.
        let mask = umask(0)
        umask(mask)
        return mask
    }()

    /// Makes a folder and those above it, as far as they are missing, and sees that files can be made in it.
    static func makeFolder(_ path: String) throws(ClientError) {
        try withWords { () throws(DiskError) in try Disk().createFolder(path, mode: 0o777 & ~mask) }
        guard access(path, W_OK | X_OK) == 0 else { throw .file(path: path, reason: ErrnoText.describe(errno)) }
        guard isFolder(path) else { throw .file(path: path, reason: "expected a folder, got a file") }
    }

    /// Makes the folder that a file is to be in.
    static func prepare(_ path: String) throws(ClientError) {
        if isFolder(path) { throw .file(path: path, reason: "expected a file, got a folder: name a file in it") }
        try makeFolder(FilePath.split(path).folder)
    }

    /// In place of the file that was there; what is no regular file (a pipe, a terminal) is written into.
    static func write(_ bytes: [UInt8], to path: String) throws(ClientError) {
        var status = stat()
        guard stat(path, &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
            return try withWords { () throws(DiskError) in
                try Disk().replace(path, with: bytes, mode: 0o666 & ~mask)
            }
        }
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, Terminal.write(bytes, to: descriptor) else {
            throw .file(path: path, reason: ErrnoText.describe(errno))
        }
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func withWords(_ work: () throws(DiskError) -> Void) throws(ClientError) {
        do {
            try work()
        } catch {
            throw .file(path: error.path, reason: ErrnoText.describe(error.errno))
        }
    }
}
