internal import Glibc
import Platform

/// A folder of files that can be made again: when they are too many, the longest unused are removed.
package struct CacheFolder: Sendable {
    package let path: String
    /// Of the names of its files; others are left alone.
    let ending: String
    /// Bytes of all files, at most.
    let capacity: Int

    package init(path: String, ending: String, capacity: Int) {
        self.path = path
        self.ending = ending
        self.capacity = capacity
    }

    package func file(_ name: String) -> String { "\(path)/\(name)\(ending)" }

    /// The time of a file's modification is that of its last use.
    func touch(_ file: String) { utimensat(AT_FDCWD, file, nil, 0) }

    func create() throws(DiskError) { try Disk().createFolder(path, mode: 0o755) }

    /// Call it after something was added.
    func makeRoom() throws(DiskError) {
        let disk = Disk()
        var files: [(path: String, bytes: Int, used: timespec)] = []
        for name in try disk.names(in: path) where name.hasSuffix(ending) {
            let status = try disk.status(of: "\(path)/\(name)")
            files.append(("\(path)/\(name)", status.st_size, status.st_mtim))
        }
        files.sort { ($0.used.tv_sec, $0.used.tv_nsec) < ($1.used.tv_sec, $1.used.tv_nsec) }
        var total = files.map(\.bytes).reduce(0, +)
        for file in files where total > capacity {
            try disk.remove(file.path)
            total -= file.bytes
        }
    }
}
