import Glibc
package import Platform

/// The stored pictures by age, and what they take; removes the oldest when they take too much.
///
/// Used by the store's thread alone; keeps a list of everything in memory, some 100 bytes a picture. Age is the
/// sequence number: the clock may have been set.
package struct PictureShelf {
    private struct Entry {
        let seq: UInt64
        let path: String
        let bytes: Int
    }

    private let root: String
    private let disk: Disk
    /// Oldest first; those before `first` are gone.
    private var entries: [Entry] = []
    private var first = 0
    package private(set) var totalBytes = 0

    /// Looks at what is there, and removes what a crash left unfinished.
    package init(stateDirectory: String, disk: Disk = Disk()) throws(DiskError) {
        root = stateDirectory
        self.disk = disk
        for folder in PicturePaths.folders {
            try disk.createFolder("\(root)/\(folder)")
            for path in try files(in: folder, depth: 3) {
                if path.hasSuffix(PictureShelf.temporarySuffix) {
                    try disk.remove("\(root)/\(path)")
                } else if let seq = Self.seq(of: path) {
                    entries.append(Entry(seq: seq, path: path, bytes: try disk.byteCount(of: "\(root)/\(path)")))
                }
            }
        }
        entries.sort { $0.seq < $1.seq }
        totalBytes = entries.reduce(0) { $0 + $1.bytes }
    }

    private static let temporarySuffix = ".tmp"

    /// Puts a picture under its path, complete or not at all.
    /// Not synced, see ``Disk/place(_:at:temporary:)``: a picture may be lost with the power, its verdict is not.
    package mutating func store(_ bytes: [UInt8], at path: String, seq: UInt64) throws(DiskError) {
        let target = "\(root)/\(path)"
        if let slash = target.lastIndex(of: "/") { try disk.createFolder(String(target[..<slash])) }
        try disk.place(bytes, at: target, temporary: target + Self.temporarySuffix)
        entries.append(Entry(seq: seq, path: path, bytes: bytes.count))
        totalBytes += bytes.count
    }

    /// Removes the oldest until the rest takes at most `maxBytes`.
    package mutating func prune(to maxBytes: Int) throws(DiskError) {
        while totalBytes > maxBytes, try removeOldest() {}
    }

    /// Removes the oldest until the file system has room.
    ///
    /// - Returns: whether it has.
    package mutating func makeRoom(for bytes: Int, leaving reserve: Int) throws(DiskError) -> Bool {
        while try disk.freeBytes(at: root) < UInt64(bytes + reserve) {
            // Others fill the disk: nothing of ours is left to remove.
            guard try removeOldest() else { return false }
        }
        return true
    }

    private mutating func removeOldest() throws(DiskError) -> Bool {
        guard first < entries.count else { return false }
        let entry = entries[first]
        let path = "\(root)/\(entry.path)"
        do {
            try disk.remove(path)
        } catch {
            // Somebody else may clean up, too.
            guard error.errno == ENOENT else { throw error }
        }
        // Fails while the day has more pictures.
        if let slash = path.lastIndex(of: "/") { rmdir(String(path[..<slash])) }
        totalBytes -= entry.bytes
        first += 1
        // Not at each picture: removing the first of many moves the rest.
        if first > entries.count / 2 {
            entries.removeFirst(first)
            first = 0
        }
        return true
    }

    private func files(in folder: String, depth: Int) throws(DiskError) -> [String] {
        var files: [String] = []
        for name in try disk.names(in: "\(root)/\(folder)") {
            let path = "\(folder)/\(name)"
            if try disk.status(of: "\(root)/\(path)").st_mode & S_IFMT != S_IFDIR {
                files.append(path)
            } else if depth > 0 {
                files += try self.files(in: path, depth: depth - 1)
            }
        }
        return files
    }

    private static func seq(of path: String) -> UInt64? {
        path.split(separator: "/").last?.split(separator: ".").first.flatMap { UInt64($0) }
    }
}
