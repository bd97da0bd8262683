import Glibc
import Platform

/// A file that appears whole or not at all: written beside its place, synced, renamed, and the rename synced.
struct WeightsOutput: ~Copyable {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var hash = SHA256()
    private var isInPlace = false

    /// - Parameter path: where the file will be; replaced when it exists.
    init(replacing path: String) throws(WeightsError) {
        var template = Array((directory(of: path) + "/." + lastComponent(of: path) + ".XXXXXX").utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .unwritable(file: path, reason: systemMessage()) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        temporaryPath = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.path = path
    }

    deinit {
        close(descriptor)
        if !isInPlace { unlink(temporaryPath) }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(
                descriptor, UnsafeRawBufferPointer(rebasing: bytes[written...]).baseAddress, bytes.count - written)
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                throw .unwritable(file: path, reason: systemMessage())
            }
        }
        hash.update(bytes)
    }

    mutating func write(_ bytes: [UInt8]) throws(WeightsError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(WeightsError) in try write(UnsafeRawBufferPointer(buffer)) }
    }

    /// Puts the file in its place.
    ///
    /// - Returns: SHA-256 of the file, in hexadecimal.
    mutating func finish() throws(WeightsError) -> String {
        // mkstemp made it private to the user; weights are for everybody whom the directory lets in.
        guard fchmod(descriptor, 0o644) == 0, fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else {
            throw .unwritable(file: path, reason: systemMessage())
        }
        isInPlace = true
        let folder = open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .unwritable(file: path, reason: systemMessage()) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .unwritable(file: path, reason: systemMessage()) }
        return hexadecimal(hash.finalize())
    }
}

/// The folder that holds `path`, `.` for a bare file name.
func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The part of `path` after its last slash.
func lastComponent(of path: String) -> String {
    String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
}
