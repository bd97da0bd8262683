package import Glibc

/// What tells a file's contents from other ones without reading them, once its writer has closed it.
///
/// Without the time of the last change of its attributes: that also moves with chmod, chown and a backup's hard links.
package struct FileIdentity: Hashable, Sendable {
    /// Numbers start anew on a share that is mounted anew, and a file system gives a removed file's number to the next one.
    package let inode: UInt64
    /// Bytes.
    package let size: Int
    /// When the contents were last written, nanoseconds since 1970, as the writer or the system set it.
    package let modified: Int64

    package init(inode: UInt64, size: Int, modified: Int64) {
        self.inode = inode
        self.size = size
        self.modified = modified
    }

    package init(_ status: stat) {
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }
}
