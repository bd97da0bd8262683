package import Glibc

/// Changes that a power cut leaves either done or not done, never half done.
///
/// Whatever is called `tmp-*` was never finished and may be removed at any start.
extension Disk {
    /// Puts `bytes` at `path`: temporary file, fdatasync, rename, fsync of the folder.
    package func replace(_ path: String, with bytes: [UInt8], mode: mode_t? = nil) throws(DiskError) {
        var file = try ReplacementFile(path, mode: mode, disk: self)
        try file.append(bytes)
        try file.finish()
    }

    /// Makes a folder and those above it, and their names durable.
    package func createFolderForGood(_ path: String) throws(DiskError) {
        var status = stat()
        guard lstat(path, &status) != 0, errno == ENOENT else { return try createFolder(path) }
        let parent = FilePath.split(path).folder
        if parent != path { try createFolderForGood(parent) }
        try createFolder(path)
        try syncFolder(parent)
    }

    /// Renames a finished folder and makes the name durable. What is in it has to be on the disk before
    /// (``syncContents(of:)``): a power cut may keep the name and lose the bytes.
    package func move(_ source: String, to target: String) throws(DiskError) {
        try rename(source, to: target)
        try syncFolder(FilePath.split(target).folder)
    }

    /// Renames a file into another folder, for good: a power cut leaves it in one of both, and perhaps in both.
    package func moveForGood(_ source: String, to target: String) throws(DiskError) {
        try move(source, to: target)
        try syncFolder(FilePath.split(source).folder)
    }

    /// Gone also after a power cut; without the fsync a removed shot could be there again, and be learnt from.
    package func removeForGood(_ path: String) throws(DiskError) {
        try remove(path)
        try syncFolder(FilePath.split(path).folder)
    }

    /// fsync of every file in a folder that holds no folders, then of the folder.
    package func syncContents(of folder: String) throws(DiskError) {
        for name in try names(in: folder) {
            let file = try openForReading("\(folder)/\(name)")
            try perform(.sync, file.path) { fsync(file.box.descriptor) }
        }
        try syncFolder(folder)
    }

    /// Not synced: for what the next start finds under a temporary name and discards again.
    ///
    /// Removes a file, or a folder that holds no folders; nothing there is as good.
    package func discard(_ path: String) throws(DiskError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path) }
        for name in try names(in: path) { try remove("\(path)/\(name)") }
        try removeFolder(path)
    }

    /// Removes an empty folder.
    package func removeFolder(_ path: String) throws(DiskError) {
        try perform(.remove, path) { rmdir(path) }
    }
}
