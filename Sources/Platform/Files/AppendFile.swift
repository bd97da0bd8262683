import CFiles
package import Glibc

/// A file that only grows: a segment of the journal, and what is written under another name until it is whole.
///
/// Used by one thread. After an error it stays usable: `length` is what is known to be whole, and `cut` goes back to
/// it.
package final class AppendFile {
    package private(set) var path: String
    /// Bytes that were appended without an error, what was there before included.
    package private(set) var length: Int
    /// Also asked before each call, for the faults that tests have it make.
    private let disk: Disk
    private let box: DescriptorBox

    /// Makes the file, in place of one that has the name.
    ///
    /// - Parameter mode: who may read and write it; nil = this user and, to read, the group, less what the umask takes.
    package convenience init(creating path: String, mode: mode_t? = nil, disk: Disk) throws(DiskError) {
        try self.init(path, flags: O_CREAT | O_TRUNC, length: 0, disk: disk)
        // Not the mode of open(2): that one loses what the umask takes.
        if let mode { try disk.perform(.open, path) { fchmod(box.descriptor, mode) } }
    }

    /// Goes on behind the first `length` bytes; what follows them is cut off.
    package convenience init(continuing path: String, length: Int, disk: Disk) throws(DiskError) {
        try self.init(path, flags: 0, length: length, disk: disk)
        var status = stat()
        // A cut gives up what was set aside for the file, also where it changes nothing.
        if fstat(box.descriptor, &status) != 0 || status.st_size != length { try cut() }
    }

    private init(_ path: String, flags: CInt, length: Int, disk: Disk) throws(DiskError) {
        try disk.check(.open, path)
        self.path = path
        self.length = length
        self.disk = disk
        // O_APPEND: a write goes to the end as it is now, also after `cut`; there is no position that could be wrong.
        // Not through a link, which somebody else may have planted, and not waiting for the reader of a pipe.
        let safe = O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        box = try DescriptorBox(.open, path, open(path, O_WRONLY | safe | flags, 0o640))
    }

    package func append(_ bytes: [UInt8]) throws(DiskError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(DiskError) in try append(UnsafeRawBufferPointer(bytes)) }
    }

    /// One write(2). After an error the file may hold a part of the bytes: `cut` removes it.
    ///
    /// - Parameter bytes: at most 0x7ffff000, all that Linux takes in one call: what is left over passes for a full
    ///   disk.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(DiskError) {
        try disk.check(.write, path)
        var written: Int
        repeat { written = write(box.descriptor, bytes.baseAddress, bytes.count) } while written < 0 && errno == EINTR
        guard written >= 0 else { throw DiskError(operation: .write, path: path, errno: errno) }
        // A regular file takes less than all only when the disk is full.
        guard written == bytes.count else { throw DiskError(operation: .write, path: path, errno: ENOSPC) }
        length += bytes.count
    }

    /// Sets blocks aside, so that the file can grow to this length when the disk is full. Its length stays; ``cut()``
    /// gives up what was not used. A file system that cannot do it has nothing set aside, and that is no error.
    package func setAside(_ bytes: Int) throws(DiskError) {
        try disk.perform(.setAside, path) {
            fsac_set_aside(box.descriptor, Int64(bytes)) == 0 || errno == EOPNOTSUPP ? 0 : -1
        }
    }

    /// Removes what is behind the last complete append.
    package func cut() throws(DiskError) {
        try disk.perform(.truncate, path) { ftruncate(box.descriptor, off_t(length)) }
    }

    /// fdatasync. After an error the kernel may call unwritten pages clean: never sync this file again.
    /// The length is synced with the bytes; only times are not.
    package func sync() throws(DiskError) {
        try disk.perform(.sync, path) { fdatasync(box.descriptor) }
    }

    /// Whether the file is not at its path any more: somebody removed or moved it below us.
    /// Writing and syncing still succeed then, and what is written is lost with the descriptor, or is elsewhere.
    package var isRemoved: Bool {
        var (mine, named) = (stat(), stat())
        guard fstat(box.descriptor, &mine) == 0 else { return true }
        // A path that cannot be looked at is the disk's trouble, which the next write hears of.
        guard lstat(path, &named) == 0 else { return errno == ENOENT || errno == ENOTDIR }
        return mine.st_dev != named.st_dev || mine.st_ino != named.st_ino
    }

    package func rename(to target: String) throws(DiskError) {
        try disk.rename(path, to: target)
        path = target
    }
}
