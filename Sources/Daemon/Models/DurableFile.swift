import FoundationEssentials
import Glibc

/// File operations that a power cut leaves either done or not done, never half done.
///
/// One writer per directory (the instance lock sees to it), so temporary names need not be unique. Whatever is called
/// `tmp-*` was never finished and may be removed at any start.
enum DurableFile {
    static let temporaryPrefix = "tmp-"

    /// Puts `bytes` at `path`: temporary file, fdatasync, rename, fsync of the folder.
    static func replace(_ path: String, with bytes: [UInt8]) throws(StoreError) {
        let (folder, name) = split(path)
        let temporary = "\(folder)/\(temporaryPrefix)\(name)"
        try write(bytes, to: temporary)
        try move(temporary, to: path)
    }

    /// Renames a finished file or folder and makes the name durable.
    static func move(_ source: String, to target: String) throws(StoreError) {
        guard rename(source, target) == 0 else { throw failure("rename", source) }
        try sync(split(target).folder)
    }

    static func remove(_ path: String) throws(StoreError) {
        guard unlink(path) == 0 else { throw failure("remove", path) }
        try sync(split(path).folder)
    }

    /// fsync of every file in the folder, then of the folder; it holds no folders.
    static func syncContents(of folder: String) throws(StoreError) {
        for name in try names(in: folder) {
            try sync("\(folder)/\(name)")
        }
        try sync(folder)
    }

    /// fsync of one file or folder.
    static func sync(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync", path) }
    }

    /// Names in a folder, sorted.
    static func names(in folder: String) throws(StoreError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw failure("list", folder)
        }
    }

    static func read(_ path: String) throws(StoreError) -> [UInt8] {
        do {
            return try [UInt8](Data(contentsOf: URL(filePath: path)))
        } catch {
            throw failure("read", path)
        }
    }

    static func byteCount(of path: String) throws(StoreError) -> Int {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw failure("look at", path) }
        return Int(status.st_size)
    }

    static func createFolder(_ path: String) throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        } catch {
            throw failure("create folder", path)
        }
    }

    /// Removes a file or folder that may be there or not.
    static func discard(_ path: String) throws(StoreError) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw failure("remove", path)
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw failure("create", path) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let error = failure("write", path)
                close(descriptor)
                throw error
            }
            written += count
        }
        guard fdatasync(descriptor) == 0 else {
            let error = failure("fdatasync", path)
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw failure("close", path) }
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private static func failure(_ operation: String, _ path: String) -> StoreError {
        .operationFailed(operation, path: path, errno: errno)
    }
}
