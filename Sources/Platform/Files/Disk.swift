package import Glibc

/// An operation of the disk that failed.
package struct DiskError: Error, Equatable, Sendable, CustomStringConvertible {
    package let operation: Disk.Operation
    package let path: String
    package let errno: CInt

    package init(operation: Disk.Operation, path: String, errno: CInt) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    package var description: String { "\(operation.rawValue) \(path): \(ErrnoText.describe(errno))" }

    /// Whether it says what is at the path: nothing that could be read, however well the disk is. Other errors, a bad
    /// sector's among them, say nothing of what a file holds.
    package var isOfTheFile: Bool { [EINVAL, EFBIG, ELOOP, EISDIR].contains(errno) }
}

/// The calls to the C library behind the journal and the pictures: each tells exactly what failed, none retries but for
/// an interrupting signal.
package struct Disk: Sendable {
    /// As messages name it.
    package enum Operation: String, Sendable, CaseIterable {
        case open, read, write, truncate, rename, link, remove, list
        case sync = "fdatasync"
        case syncFolder = "fsync"
        case createFolder = "create folder"
        case setAside = "set room aside for"
        case status = "look at"
    }

    /// Asked before each operation that changes something: an errno makes it fail without reaching the disk. How a
    /// full, a dying and a read-only disk are tested.
    private let fault: @Sendable (Operation, _ path: String) -> CInt?

    /// Without a fault, but for the one that a test may ask of the whole program.
    package init() {
        self.init(Failpoint.asked)
    }

    /// With the fault that a failpoint makes.
    package init(_ failpoint: Failpoint?) {
        fault = { operation, path in failpoint?.errno(atDisk: "\(operation.rawValue) \(path)") }
    }

    package init(fault: @escaping @Sendable (Operation, _ path: String) -> CInt?) {
        self.fault = fault
    }

    /// The same disk, where `refusal` is asked, too, before each operation that changes something.
    package func guarded(by refusal: @escaping @Sendable (Operation, _ path: String) -> CInt?) -> Disk {
        Disk { [fault] operation, path in fault(operation, path) ?? refusal(operation, path) }
    }

    /// For what is not done by ``perform(_:_:_:)``: opening, writing, listing.
    package func check(_ operation: Operation, _ path: String) throws(DiskError) {
        if let code = fault(operation, path) { throw DiskError(operation: operation, path: path, errno: code) }
    }

    /// - Parameter call: returns less than 0 and sets errno when it fails; called again after a signal.
    package func perform(_ operation: Operation, _ path: String, _ call: () -> CInt) throws(DiskError) {
        try check(operation, path)
        var result: CInt
        repeat { result = call() } while result < 0 && errno == EINTR
        guard result >= 0 else { throw DiskError(operation: operation, path: path, errno: errno) }
    }
}

extension Disk {
    package func rename(_ source: String, to target: String) throws(DiskError) {
        try perform(.rename, source) { Glibc.rename(source, target) }
    }

    package func remove(_ path: String) throws(DiskError) {
        try perform(.remove, path) { unlink(path) }
    }

    /// Makes names created, renamed or removed in a folder durable.
    package func syncFolder(_ path: String) throws(DiskError) {
        let folder = try DescriptorBox(.open, path, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        try perform(.syncFolder, path) { fsync(folder.descriptor) }
    }

    /// Another name for a file of the same folder, in place of what was there, in one step: a hard link, so that whoever follows
    /// the name by inotify (`tail -F`) hears of the change in the folder. Where there are none, a symbolic link.
    ///
    /// Not synced, and its temporary name is fixed: for one writer, and for a name that no start relies on.
    package func replaceLink(_ path: String, to name: String) throws(DiskError) {
        let (target, temporary) = (FilePath.split(path).folder + "/" + name, "\(path).tmp")
        unlink(temporary)
        // Renaming a name of a file to another name of the same file does nothing, and leaves both.
        let file = try status(of: target)
        if let now = try? status(of: path), now.st_dev == file.st_dev, now.st_ino == file.st_ino { return }
        do {
            try perform(.link, path) { link(target, temporary) }
        } catch {
            guard [EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(error.errno) else { throw error }
            try perform(.link, path) { symlink(name, temporary) }
        }
        try rename(temporary, to: path)
    }

    /// Makes a folder and those above it that are missing. The new names are synced: what is synced in a folder is lost with a
    /// folder that is not.
    ///
    /// - Parameter mode: who may read and write it, less what the umask takes: this user and, to read, the group.
    package func createFolder(_ path: String, mode: mode_t = 0o750) throws(DiskError) {
        var status = stat()
        // Or a file of that name: whoever uses the folder then hears ENOTDIR.
        guard lstat(path, &status) != 0 else { return }
        let parent = FilePath.split(path).folder
        try createFolder(parent, mode: mode)
        try perform(.createFolder, path) { mkdir(path, mode) == 0 || errno == EEXIST ? 0 : -1 }
        try syncFolder(parent)
    }

    /// Names in a folder, sorted.
    package func names(in folder: String) throws(DiskError) -> [String] {
        try check(.list, folder)
        guard let stream = opendir(folder) else { throw DiskError(operation: .list, path: folder, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            // The only way to tell the end from an error, which would leave names out.
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = String(decoding: dirent.name(in: entry), as: UTF8.self)
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw DiskError(operation: .list, path: folder, errno: errno) }
        return names.sorted()
    }

    /// Bytes that a file takes: a file with holes may claim to be longer than any disk, and whoever adds up what is stored
    /// would remove everything else for it. Never more than the file's length, and at most 1 PiB, so that sums do not overflow.
    package func byteCount(of path: String) throws(DiskError) -> Int {
        let status = try status(of: path)
        // POSIX counts in units of 512 bytes, whatever the file system's blocks are.
        return min(status.st_size, min(status.st_blocks, 1 << 41) * 512)
    }

    /// Of the path itself: a link is not followed.
    package func status(of path: String) throws(DiskError) -> stat {
        var status = stat()
        try perform(.status, path) { lstat(path, &status) }
        return status
    }

    /// Bytes that the daemon may still write to the file system of a path.
    /// Without what the file system keeps for root.
    package func freeBytes(at path: String) throws(DiskError) -> UInt64 {
        var status = statvfs()
        try perform(.status, path) { statvfs(path, &status) }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Files that the daemon may still make on the file system of a path, and those that there may be at all; nil for
    /// one that does not count them.
    package func inodes(at path: String) throws(DiskError) -> (free: UInt64, all: UInt64)? {
        var status = statvfs()
        try perform(.status, path) { statvfs(path, &status) }
        return status.f_files == 0 ? nil : (UInt64(status.f_favail), UInt64(status.f_files))
    }

    /// Writes over a part of a file, or makes it, and syncs it. What is there already is written in place: on most file
    /// systems that needs no room, and works when the disk is full.
    package func overwrite(_ path: String, at offset: Int, with bytes: [UInt8]) throws(DiskError) {
        try check(.open, path)
        let file = try DescriptorBox(
            .open, path, open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o640))
        var written = 0
        try perform(.write, path) {
            written = pwrite(file.descriptor, bytes, bytes.count, off_t(offset))
            return written < 0 ? -1 : 0
        }
        guard written == bytes.count else { throw DiskError(operation: .write, path: path, errno: ENOSPC) }
        try perform(.sync, path) { fdatasync(file.descriptor) }
    }

    /// Longer than any picture or document of ours. A file with holes may claim more than there is memory.
    package static let mostReadBytes = 256 << 20

    /// A regular file's bytes, as many as it had when it was opened.
    ///
    /// - Throws: also, with `EFBIG`, when there are more than ``mostReadBytes``.
    package func read(_ path: String) throws(DiskError) -> [UInt8] {
        let file = try openForReading(path)
        guard file.byteCount <= Self.mostReadBytes else { throw DiskError(operation: .read, path: path, errno: EFBIG) }
        return try file.read(at: 0, count: file.byteCount)
    }

    /// - Throws: `read` with EINVAL for what is no regular file.
    package func openForReading(_ path: String) throws(DiskError) -> RegularFile {
        try check(.open, path)
        do throws(RegularFile.Refusal) {
            return try RegularFile(path)
        } catch {
            switch error {
            case .system(let code): throw DiskError(operation: .open, path: path, errno: code)
            case .notRegular: throw DiskError(operation: .read, path: path, errno: EINVAL)
            }
        }
    }

    /// A file of its own with these bytes: temporary file, fdatasync, then rename.
    ///
    /// Complete or not there however the program ends. The name is not synced: a power cut may take it.
    ///
    /// - Parameter isSynced: whether the bytes are on the disk before the name is. Otherwise the name may be there without the
    ///   bytes after a power cut. What must outlive one is written by ``replace(_:with:mode:)``.
    package func place(
        _ bytes: [UInt8], at path: String, temporary: String, isSynced: Bool = false
    ) throws(DiskError) {
        do {
            let file = try AppendFile(creating: temporary, disk: self)
            try file.append(bytes)
            if isSynced { try file.sync() }
            try rename(temporary, to: path)
        } catch {
            unlink(temporary)
            throw error
        }
    }
}

/// Closes a descriptor when the last user is gone. What close(2) says is not heard: what counts was synced before.
package final class DescriptorBox: Sendable {
    package let descriptor: CInt

    package init(_ operation: Disk.Operation, _ path: String, _ descriptor: CInt) throws(DiskError) {
        guard descriptor >= 0 else { throw DiskError(operation: operation, path: path, errno: errno) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
